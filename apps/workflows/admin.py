"""Back office of a workspace's runs: lists to look things up; decisions and replays go through the portal's services.

Attempts of steps have a composite key, which the admin of Django 5.2 cannot list; the portal's run page shows them.
"""

from django.contrib import admin

from apps.core.back_office import ReadOnly
from apps.workflows import models


@admin.register(models.Workflow)
class WorkflowAdmin(ReadOnly):
    """Named definitions."""

    list_display = ("name", "slug", "current", "created_at")
    list_select_related = ("current",)
    search_fields = ("name", "slug")


@admin.register(models.WorkflowVersion)
class WorkflowVersionAdmin(ReadOnly):
    """Immutable versions."""

    list_display = ("workflow", "number", "content_hash", "created_at")
    list_select_related = ("workflow",)
    search_fields = ("workflow__slug", "content_hash")


@admin.register(models.VersionChange)
class VersionChangeAdmin(ReadOnly):
    """Which version was current when."""

    list_display = ("workflow", "version", "kind", "user_id", "note", "at")
    list_filter = ("kind",)
    list_select_related = ("workflow", "version")
    search_fields = ("workflow__slug", "note")


@admin.register(models.Secret)
class SecretAdmin(ReadOnly):
    """Names of secrets; their values are nobody's to see."""

    list_display = ("name", "note", "created_by", "created_at", "replaced_at", "used_at")
    search_fields = ("name", "note")
    exclude = ("value",)


@admin.register(models.SecretChange)
class SecretChangeAdmin(ReadOnly):
    """Who did what to which secret."""

    list_display = ("name", "kind", "user_id", "at")
    list_filter = ("kind",)
    search_fields = ("name",)


@admin.register(models.Run)
class RunAdmin(ReadOnly):
    """Executions."""

    list_display = ("id", "version", "state", "trigger", "subject_kind", "cost_micros", "started_at", "finished_at")
    list_filter = ("state", "trigger", "subject_kind", "version__workflow")
    list_select_related = ("version",)
    search_fields = ("=id", "subject_id", "idempotency_key")
    date_hierarchy = "created_at"


@admin.register(models.HeldCancel)
class HeldCancelAdmin(ReadOnly):
    """Cancelled runs that may still be let go on."""

    list_display = ("run_id", "reason", "decided_by", "effective_at")


@admin.register(models.Effect)
class EffectAdmin(ReadOnly):
    """What was meant to leave the workspace, and whether it did."""

    list_display = ("run_id", "path", "type", "effect_class", "state", "dry_run", "sends", "sent_at", "finished_at")
    list_filter = ("state", "effect_class", "type", "dry_run")
    search_fields = ("=run__id", "key")


@admin.register(models.RunEvent)
class RunEventAdmin(ReadOnly):
    """What runs were told from outside."""

    list_display = ("run_id", "event", "slot", "received_at", "consumed_at")
    list_filter = ("event",)
    search_fields = ("=run__id",)


@admin.register(models.UsageEntry)
class UsageEntryAdmin(ReadOnly):
    """What was used and what it cost, each line once."""

    list_display = ("meter", "source_key", "account", "quantity", "cost_micros", "run_id", "created_at")
    list_filter = ("meter", "account")
    search_fields = ("source_key", "=run_id")


@admin.register(models.Evidence)
class EvidenceAdmin(ReadOnly):
    """Answers that came after their attempt had been given up."""

    list_display = ("effect", "fence", "outcome", "received_at")
    list_filter = ("outcome",)
    list_select_related = ("effect",)


@admin.register(models.WorkflowDraft)
class WorkflowDraftAdmin(ReadOnly):
    """What is being built."""

    list_display = ("workflow", "revision", "based_on", "updated_by", "updated_at")
    list_select_related = ("workflow", "based_on")
    search_fields = ("workflow__slug",)


@admin.register(models.DraftChange)
class DraftChangeAdmin(ReadOnly):
    """The latest changes of drafts."""

    list_display = ("draft", "revision", "state", "actor_id", "made_at")
    list_filter = ("state",)
    list_select_related = ("draft",)


@admin.register(models.StepSample)
class StepSampleAdmin(ReadOnly):
    """Pinned outputs for trying drafts out."""

    list_display = ("workflow", "step_id", "updated_by", "updated_at")
    list_select_related = ("workflow",)


@admin.register(models.Trial)
class TrialAdmin(ReadOnly):
    """Rehearsals of drafts."""

    list_display = ("workflow", "actor_id", "state", "paused_at", "updated_at")
    list_filter = ("state",)
    list_select_related = ("workflow",)


@admin.register(models.Trigger)
class TriggerAdmin(ReadOnly):
    """What starts workflows by itself. Secrets and addresses are never shown."""

    list_display = ("slug", "workflow", "kind", "enabled", "next_at", "fired_at", "failures", "removed_at")
    list_filter = ("kind", "enabled")
    list_select_related = ("workflow",)
    search_fields = ("slug", "workflow__slug")
    exclude = ("secret", "previous_secret", "address_key")


@admin.register(models.Firing)
class FiringAdmin(ReadOnly):
    """Occasions, and what became of them."""

    list_display = ("trigger", "state", "scheduled_at", "run_id", "task_id", "repeats", "code", "created_at")
    list_filter = ("state",)
    list_select_related = ("trigger",)
    search_fields = ("=run_id", "=task_id", "code")
    exclude = ("payload",)


@admin.register(models.WhatIf)
class WhatIfAdmin(ReadOnly):
    """Comparisons of past runs with another version or model."""

    list_display = ("title", "workflow", "version_number", "model", "state", "pays", "held_micros", "created_at")
    list_filter = ("state", "pays")
    list_select_related = ("workflow",)


@admin.register(models.WhatIfRun)
class WhatIfRunAdmin(ReadOnly):
    """What came of each run in a comparison."""

    list_display = ("what_if", "origin_id", "shadow_id", "verdict", "judged_at")
    list_filter = ("verdict",)
    list_select_related = ("what_if",)


@admin.register(models.Approval)
class ApprovalAdmin(ReadOnly):
    """What people were asked and what became of it."""

    list_display = (
        "title",
        "type",
        "risk_class",
        "state",
        "quorum",
        "asked_at",
        "expires_at",
        "decided_at",
        "spent_at",
    )
    list_filter = ("state", "kind", "risk_class", "type")
    search_fields = ("=id", "=run__id", "title", "payload_hash")
    date_hierarchy = "asked_at"


@admin.register(models.ApprovalVote)
class ApprovalVoteAdmin(ReadOnly):
    """Who said what, where and about which bytes."""

    list_display = ("approval", "choice", "user_id", "person_id", "channel", "effective_at")
    list_filter = ("choice", "channel")
    list_select_related = ("approval",)
    search_fields = ("=approval__id", "payload_hash")


@admin.register(models.ApprovalMail)
class ApprovalMailAdmin(ReadOnly):
    """Who was told by mail, on which occasion."""

    list_display = ("approval", "user_id", "occasion", "sent_at")
    list_select_related = ("approval",)


@admin.register(models.Deputy)
class DeputyAdmin(ReadOnly):
    """Who may decide in whose place."""

    list_display = ("person_id", "deputy_id", "from_at", "until_at", "revoked_at")


@admin.register(models.ApprovalPolicy)
class ApprovalPolicyAdmin(ReadOnly):
    """What the workspace settled beyond the usual."""

    list_display = ("hold_writes", "hold_types", "bulk_limit", "changed_by", "changed_at")


@admin.register(models.AllowRule)
class AllowRuleAdmin(ReadOnly):
    """What an owner lets pass without asking, until when and why."""

    list_display = ("kind", "values", "amount_minor", "currency", "made_by", "expires_at", "ended_at", "reason")
    list_filter = ("kind",)


@admin.register(models.AllowanceDay)
class AllowanceDayAdmin(ReadOnly):
    """What amount rules let pass each day."""

    list_display = ("rule", "day", "spent_minor")
    list_select_related = ("rule",)


@admin.register(models.Announcement)
class AnnouncementAdmin(ReadOnly):
    """What runs told the members."""

    list_display = ("title", "run", "created_at")
    list_select_related = ("run",)


@admin.register(models.AnnouncementMail)
class AnnouncementMailAdmin(ReadOnly):
    """Mails of announcements."""

    list_display = ("announcement", "user_id", "sent_at")
    list_select_related = ("announcement",)


@admin.register(models.Suggestion)
class SuggestionAdmin(ReadOnly):
    """Workflows proposed from a description."""

    list_display = ("__str__", "state", "origin", "model", "rounds", "cost_micros", "created_at")
    list_filter = ("state", "origin")


@admin.register(models.TemplateInstallation)
class TemplateInstallationAdmin(ReadOnly):
    """Which workflow came from which template."""

    list_display = ("template", "version", "workflow", "user_id", "installed_at")
    list_filter = ("template",)


@admin.register(models.Proposal)
class ProposalAdmin(ReadOnly):
    """Changes proposed to workflows that kept failing."""

    list_display = ("workflow", "step_id", "error_code", "remedy", "author", "risk_class", "state", "created_at")
    list_filter = ("state", "risk_class", "author", "remedy")
    list_select_related = ("workflow",)


@admin.register(models.HealingPolicy)
class HealingPolicyAdmin(ReadOnly):
    """Whether proven remedies of class A are accepted by themselves."""

    list_display = ("accepts_class_a", "changed_by", "changed_at")


@admin.register(models.StepDay)
class StepDayAdmin(ReadOnly):
    """Sums per workflow, day and step."""

    list_display = ("workflow", "day", "step_id", "runs", "failed", "cost_micros", "measured_at")
    list_select_related = ("workflow",)
    date_hierarchy = "day"
