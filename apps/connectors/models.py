"""Connections, and what we know of each Notion row (tenant schema)."""

import secrets

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.connectors.enums import (
    AuthKind,
    ConflictState,
    ConnectionState,
    CreateState,
    NoticeState,
    PageState,
    SyncState,
)
from apps.core.fields import EncryptedTextField
from apps.core.ids import new_id


def new_webhook_key() -> str:
    """43 random characters for the address of a webhook."""
    return secrets.token_urlsafe(32)


class Connection(models.Model):
    """One account at an outside service. The secret is encrypted for this row; ``account_id`` is who we are over there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connector = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=16, choices=ConnectionState, default=ConnectionState.ACTIVE)
    base_url = models.CharField(max_length=200)
    account_id = models.CharField(max_length=120)
    account_name = models.CharField(max_length=200, blank=True)
    parent_page_id = models.CharField(max_length=36, blank=True)
    secret = EncryptedTextField(blank=True, default="")
    webhook_secret = EncryptedTextField(blank=True, default="")
    webhook_key = models.CharField(max_length=43, unique=True, default=new_webhook_key)
    calls_per_minute = models.PositiveIntegerField(default=180, help_text="The service's allowance for one connection.")
    failures = models.PositiveIntegerField(default=0, help_text="Failures in a row; the breaker counts them.")
    paused_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    problem = models.TextField(blank=True)
    last_ok_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="When the credentials end, if the service says so.")
    auth = models.CharField(max_length=8, choices=AuthKind, default=AuthKind.TOKEN, db_default=AuthKind.TOKEN)
    scopes = models.TextField(
        blank=True, default="", db_default="", help_text="What the account granted, separated by spaces."
    )
    token_expires_at = models.DateTimeField(null=True, help_text="When the access token of a sign-in runs out.")
    renew_owner = models.UUIDField(null=True)
    renew_until = models.DateTimeField(null=True, help_text="One process at a time may use the refresh token.")
    setup_owner = models.UUIDField(null=True)
    setup_until = models.DateTimeField(null=True)
    setup_asked_at = models.DateTimeField(null=True, help_text="When a person last asked for the databases.")
    setup_done_at = models.DateTimeField(null=True, help_text="When that ended, well or not.")
    setup_problem = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "base_url", "account_id"], name="connectors_connection_account_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ConnectionState.values), name="connectors_connection_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class NotionDatabase(models.Model):
    """A declared database in one connection: its ids, columns by our names, and how far it was read.

    ``polled_from`` is the instant before which every edit is known to have been taken; null = never read.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="databases")
    key = models.SlugField(max_length=60)
    database_id = models.CharField(max_length=36)
    data_source_id = models.CharField(max_length=36)
    title = models.CharField(max_length=200)
    url = models.CharField(max_length=500, blank=True)
    columns = models.JSONField(default=dict, help_text='Our name -> {"id", "type", "name"} in Notion.')
    error_code = models.CharField(max_length=64, blank=True)
    problem = models.TextField(blank=True)
    checked_at = models.DateTimeField(null=True)
    polled_from = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    swept_at = models.DateTimeField(null=True)
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "key"], name="connectors_notiondatabase_key_once"),
            models.UniqueConstraint(
                fields=["connection", "data_source_id"], name="connectors_notiondatabase_source_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NotionPage(models.Model):
    """A row as we know it. ``seen`` holds the values the app was told or wrote itself: the base of every comparison.

    ``fingerprint`` covers the inbound columns of ``seen``; a row is news exactly when its fingerprint differs.
    ``check_at`` asks for the row to be fetched by itself: a failed delivery, a hint that it moved.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    database = models.ForeignKey(NotionDatabase, on_delete=models.CASCADE, related_name="pages")
    page_id = models.CharField(max_length=36)
    local_ref = models.CharField(max_length=120, blank=True)
    url = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=8, choices=PageState, default=PageState.LIVE)
    sync = models.CharField(max_length=8, choices=SyncState, default=SyncState.IN_STEP)
    seen = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=0)
    last_edited_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    check_at = models.DateTimeField(null=True)
    check_failures = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=64, blank=True)
    problem = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["database", "page_id"], name="connectors_notionpage_once"),
            models.UniqueConstraint(
                fields=["database", "local_ref"], condition=~Q(local_ref=""), name="connectors_notionpage_ref_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["database", "check_at"], condition=Q(check_at__isnull=False), name="connectors_page_check"
            ),
            models.Index(fields=["page_id"], name="connectors_page_by_id"),
        ]

    def __str__(self) -> str:
        return self.local_ref or self.page_id


class NotionPush(models.Model):
    """What we want a row to say. ``wishes``: column -> {"value", "base"?, "tried": [...]}; empty means in step.

    ``base`` is what the column held when the wish was made, ``tried`` what we may have written already without knowing.
    ``revision`` rises with every new wish. A create is announced here (``create_state``, ``create_values``) before it is sent.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="pushes")
    database_key = models.SlugField(max_length=60)
    local_ref = models.CharField(max_length=120)
    page = models.ForeignKey(NotionPage, on_delete=models.SET_NULL, null=True, related_name="pushes")
    wishes = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=SyncState, default=SyncState.PENDING)
    create_state = models.CharField(max_length=8, choices=CreateState, default=CreateState.NONE)
    create_values = models.JSONField(default=dict)
    create_tried_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    problem = models.TextField(blank=True)
    pushed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "database_key", "local_ref"], name="connectors_notionpush_once"
            ),
            models.CheckConstraint(condition=~Q(local_ref=""), name="connectors_notionpush_has_ref"),
        ]
        indexes = [
            models.Index(
                fields=["connection", "next_try_at"],
                condition=Q(state=SyncState.PENDING),
                name="connectors_push_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.database_key} · {self.local_ref}"


class NotionConflict(models.Model):
    """One cell both sides changed; open until somebody chooses or both sides agree again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    page = models.ForeignKey(NotionPage, on_delete=models.CASCADE, related_name="conflicts")
    property = models.CharField(max_length=200)
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    base = models.JSONField(null=True)
    state = models.CharField(max_length=8, choices=ConflictState, default=ConflictState.OPEN)
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["page", "property"],
                condition=Q(state=ConflictState.OPEN),
                name="connectors_notionconflict_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["state", "-created_at"], name="connectors_conflict_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.page} · {self.property}"


class WebhookReceipt(models.Model):
    """A delivery that was taken, by the sender's event id, so that its repeats are recognised."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="receipts")
    event_id = models.CharField(max_length=120)
    event_type = models.CharField(max_length=80)
    entity_id = models.CharField(max_length=36, blank=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "event_id"], name="connectors_webhookreceipt_once")
        ]

    def __str__(self) -> str:
        return self.event_type


class RateBucket(models.Model):
    """The rate budget of one account while the broker is away; see ``budget``."""

    key = models.CharField(primary_key=True, max_length=200)
    free_at = models.FloatField(default=0)
    blocked_until = models.FloatField(default=0)

    def __str__(self) -> str:
        return self.key


class SignIn(models.Model):
    """A sign-in with a service that is under way: of one person, in one session, finished at most once.

    Only a hash of the state parameter and of the session is kept; ``verifier`` is the secret of PKCE (RFC 7636).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connector = models.SlugField(max_length=40)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="sign_ins")
    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    user_id = models.BigIntegerField()
    verifier = EncryptedTextField()
    redirect_uri = models.CharField(max_length=500)
    name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="connectors_signin_expiry")]

    def __str__(self) -> str:
        return f"{self.connector} · {self.created_at:%Y-%m-%d %H:%M}"


class ConnectorCall(models.Model):
    """One call that was made through a connection; old ones are swept away."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="calls")
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=64, help_text='"ok" or the code of what went wrong.')
    problem = models.CharField(max_length=400, blank=True)
    ms = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["connection", "-at"], name="connectors_call_latest"),
            models.Index(fields=["at"], name="connectors_call_age"),
        ]

    def __str__(self) -> str:
        return f"{self.action} · {self.outcome}"


class BotInbox(models.Model):
    """How far the messages to a connection's bot were read, and who is reading."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True, related_name="bot_inbox")
    next_update = models.BigIntegerField(default=0, help_text="Everything before this update was answered.")
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.connection} · {self.next_update}"


class BotChat(models.Model):
    """A chat that may talk to the workspace's bot, as one member: it was linked with that member's one-time code."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="chats")
    chat_id = models.CharField(max_length=40)
    title = models.CharField(max_length=200, blank=True)
    user_id = models.BigIntegerField()
    notifies = models.BooleanField(default=True)
    linked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "chat_id"], name="connectors_botchat_once")]

    def __str__(self) -> str:
        return self.title or self.chat_id


class BotLinkCode(models.Model):
    """A one-time code that links a chat to the member who asked for it; only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="link_codes")
    user_id = models.BigIntegerField()
    code_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["connection", "user_id"], name="connectors_code_of_member")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.created_at:%Y-%m-%d %H:%M}"


class BotNotice(models.Model):
    """A message to a linked chat. ``dedupe`` makes the same news arrive once; a notice whose outcome is unknown is not repeated.

    A card (``bot.cards``) also says what it is about: ``kind`` and ``subject``, bound by ``token``. ``revised`` is what it shall
    say later, without its buttons; ``is_revised`` once it does. ``remote_id`` names the message over there.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    chat = models.ForeignKey(BotChat, on_delete=models.CASCADE, related_name="notices")
    dedupe = models.CharField(max_length=120)
    text = models.TextField()
    state = models.CharField(max_length=8, choices=NoticeState, default=NoticeState.WAITING)
    error_code = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=20, blank=True, default="", db_default="")
    subject = models.CharField(max_length=64, blank=True, default="", db_default="")
    token = models.CharField(max_length=64, blank=True, default="", db_default="")
    buttons = models.JSONField(default=list, db_default=[])
    remote_id = models.CharField(max_length=80, blank=True, default="", db_default="")
    revised = models.TextField(blank=True, default="", db_default="")
    is_revised = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chat", "dedupe"], name="connectors_botnotice_once")]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state=NoticeState.WAITING), name="connectors_notice_waiting"
            ),
            models.Index(fields=["created_at"], condition=Q(is_revised=False), name="connectors_notice_to_revise"),
            models.Index(fields=["subject"], condition=~Q(subject=""), name="connectors_notice_of_subject"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


from apps.connectors.webhooks_out.models import (  # noqa: E402,F401 - tables of a package of this app
    EventInterest,
    OutEvent,
    WebhookDelivery,
    WebhookEndpoint,
)
