"""Back office of a workspace's connections: lists to look things up. Secrets are never shown."""

from django.contrib import admin

from apps.connectors import models
from apps.core.back_office import ReadOnly


@admin.register(models.Connection)
class ConnectionAdmin(ReadOnly):
    """Accounts at outside services."""

    list_display = ("name", "connector", "state", "account_name", "failures", "error_code", "last_ok_at", "expires_at")
    list_filter = ("connector", "state")
    search_fields = ("name", "account_name", "account_id", "error_code")
    exclude = ("secret", "webhook_secret", "webhook_key", "renew_owner")


@admin.register(models.NotionDatabase)
class NotionDatabaseAdmin(ReadOnly):
    """The thirteen databases, and when each was read last."""

    list_display = ("key", "title", "connection", "error_code", "checked_at", "polled_at", "swept_at")
    list_filter = ("error_code",)
    list_select_related = ("connection",)
    search_fields = ("key", "title", "database_id")


@admin.register(models.NotionPage)
class NotionPageAdmin(ReadOnly):
    """What is known of each row."""

    list_display = ("page_id", "database", "state", "sync", "version", "last_edited_at", "delivered_at", "error_code")
    list_filter = ("state", "sync", "error_code")
    list_select_related = ("database",)
    search_fields = ("page_id", "local_ref")


@admin.register(models.NotionPush)
class NotionPushAdmin(ReadOnly):
    """What is still to be written, and what kept it."""

    list_display = (
        "database_key",
        "local_ref",
        "state",
        "revision",
        "failures",
        "next_try_at",
        "error_code",
        "pushed_at",
    )
    list_filter = ("state", "database_key", "error_code")
    search_fields = ("local_ref",)


@admin.register(models.NotionConflict)
class NotionConflictAdmin(ReadOnly):
    """Cells that were changed on both sides."""

    list_display = ("property", "page", "ours", "theirs", "state", "created_at", "resolved_at")
    list_filter = ("state", "property")
    list_select_related = ("page",)


@admin.register(models.WebhookReceipt)
class WebhookReceiptAdmin(ReadOnly):
    """Notices that arrived, each once."""

    list_display = ("event_id", "event_type", "entity_id", "connection", "received_at")
    list_filter = ("event_type",)
    list_select_related = ("connection",)
    search_fields = ("event_id", "entity_id")


@admin.register(models.RateBucket)
class RateBucketAdmin(ReadOnly):
    """Until when an account's allowance is used up."""

    list_display = ("key", "free_at", "blocked_until")
    search_fields = ("key",)


@admin.register(models.SignIn)
class SignInAdmin(ReadOnly):
    """Sign-ins with services that were begun."""

    list_display = ("connector", "user_id", "created_at", "expires_at", "used_at")
    list_filter = ("connector",)
    exclude = ("verifier", "state_hash", "session_hash")


@admin.register(models.ConnectorCall)
class ConnectorCallAdmin(ReadOnly):
    """Calls through connections, latest first."""

    list_display = ("action", "connection", "outcome", "ms", "at")
    list_filter = ("outcome",)
    list_select_related = ("connection",)
    search_fields = ("action", "outcome")


@admin.register(models.BotInbox)
class BotInboxAdmin(ReadOnly):
    """How far each bot's messages were read."""

    list_display = ("connection", "next_update", "read_at", "lease_until")
    list_select_related = ("connection",)


@admin.register(models.BotChat)
class BotChatAdmin(ReadOnly):
    """Chats that may talk to a bot."""

    list_display = ("title", "chat_id", "connection", "user_id", "notifies", "linked_at")
    list_select_related = ("connection",)
    search_fields = ("title", "chat_id")


@admin.register(models.BotLinkCode)
class BotLinkCodeAdmin(ReadOnly):
    """One-time codes that were handed out."""

    list_display = ("connection", "user_id", "created_at", "expires_at", "used_at")
    list_select_related = ("connection",)
    exclude = ("code_hash",)


@admin.register(models.BotNotice)
class BotNoticeAdmin(ReadOnly):
    """Messages to linked chats."""

    list_display = ("text", "chat", "state", "error_code", "created_at", "sent_at")
    list_filter = ("state",)
    list_select_related = ("chat",)


@admin.register(models.EventInterest)
class EventInterestAdmin(ReadOnly):
    """Who wants to know of which events."""

    list_display = ("subscriber", "types")
    search_fields = ("subscriber",)


@admin.register(models.OutEvent)
class OutEventAdmin(ReadOnly):
    """What happened and was to be told."""

    list_display = ("type", "object_key", "occurred_at", "handed_at")
    list_filter = ("type",)
    search_fields = ("object_key",)


@admin.register(models.WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnly):
    """Addresses that are told about events. Secrets are never shown."""

    list_display = ("name", "url", "state", "failures", "failing_since", "next_try_at", "succeeded_at")
    list_filter = ("state",)
    search_fields = ("name", "url")
    exclude = ("secret", "previous_secret")


@admin.register(models.WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly):
    """The way of each event to each address."""

    list_display = ("event", "endpoint", "state", "attempts", "status", "next_at", "tried_at", "done_at")
    list_filter = ("state",)
    list_select_related = ("event", "endpoint")
    search_fields = ("object_key",)
