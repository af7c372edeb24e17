"""Questions to people and what they said (tenant schema). The rules that must hold whatever the code does are in the database:

an act of class C cannot become ``sending`` without an approved, unexpired question about exactly its bytes, an approved
question has its quorum of votes for exactly its bytes, a question's bytes never change, and what was decided stays decided
(migration 0011).
"""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.workflows.approvals.enums import ApprovalKind, ApprovalState, Channel, Choice
from apps.workflows.core.classes import AllowKind


class Approval(models.Model):
    """One question: may exactly these bytes go out, or a question of the workflow's own (no ``effect``).

    ``payload_hash`` is the SHA-256 of type and rendered request; connection and recipients are in the request. ``attempt`` is the
    attempt of the step that asked, so that a person's retry of a refused step asks anew. ``replaces`` leads to the question this
    one took the place of, after an edit or because bytes changed; both stay on record.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=8, choices=ApprovalKind, db_default=ApprovalKind.EFFECT)
    run = models.ForeignKey("workflows.Run", on_delete=models.CASCADE, related_name="approvals")
    effect = models.ForeignKey("workflows.Effect", null=True, on_delete=models.CASCADE, related_name="approvals")
    path = models.CharField(max_length=100)
    attempt = models.PositiveIntegerField()
    type = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    workflow = models.CharField(max_length=160)
    payload = models.TextField()
    payload_hash = models.CharField(max_length=64)
    fields = models.JSONField(default=dict, help_text="Questions only: JSON Schema of what a person may fill in.")
    answer = models.JSONField(null=True, help_text="Questions only: what the person filled in.")
    risk_class = models.CharField(max_length=1, db_default="C")
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=ApprovalState, db_default=ApprovalState.PENDING)
    quorum = models.PositiveSmallIntegerField(db_default=1)
    roles = models.JSONField(default=list)
    users = models.JSONField(default=list)
    escalate_to = models.JSONField(default=list)
    allow_self = models.BooleanField(db_default=True)
    delegate = models.BooleanField(db_default=True)
    started_by = models.BigIntegerField(null=True, help_text="User id of whoever started the run, when a person did.")
    valid_s = models.PositiveIntegerField(db_default=86_400)
    asked_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    remind_s = models.PositiveIntegerField(null=True)
    next_reminder_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    spent_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, db_default="")
    edited_by = models.BigIntegerField(null=True)
    replaces = models.OneToOneField("self", null=True, on_delete=models.CASCADE, related_name="replaced_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["effect"],
                condition=Q(state="pending") | Q(state="approved", spent_at=None),
                name="workflows_approval_one_open_per_effect",
            ),
            models.UniqueConstraint(
                fields=["run", "path", "attempt"],
                condition=Q(effect__isnull=True) & ~Q(state="void"),
                name="workflows_approval_one_question_per_attempt",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ApprovalState.values), name="workflows_approval_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="effect", effect__isnull=False) | Q(kind="question", effect__isnull=True),
                name="workflows_approval_acts_have_an_effect",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at__isnull=True)
                | (~Q(state="pending") & Q(decided_at__isnull=False)),
                name="workflows_approval_decided_at_when_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(valid_until__isnull=False),
                name="workflows_approval_approved_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(quorum__gte=1, quorum__lte=20), name="workflows_approval_quorum_is_sane"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("asked_at")), name="workflows_approval_expires_later"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="pending"), name="workflows_approval_pending"),
            models.Index(fields=["asked_at"], name="workflows_approval_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.state}"


class ApprovalVote(models.Model):
    """One person's word about one question, bound to its bytes. It counts from ``effective_at`` on and may be taken back before.

    ``person_id`` is whose right was used: the voter's own, or that of somebody who named the voter as deputy.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="votes")
    user_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    choice = models.CharField(max_length=8, choices=Choice)
    payload_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, db_default="")
    answer = models.JSONField(null=True)
    channel = models.CharField(max_length=8, choices=Channel)
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["approval", "user_id"], name="workflows_approvalvote_one_per_voter"),
            models.UniqueConstraint(fields=["approval", "person_id"], name="workflows_approvalvote_one_per_person"),
            models.CheckConstraint(
                condition=Q(choice__in=Choice.values), name="workflows_approvalvote_choice_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.choice}"


class ApprovalMail(models.Model):
    """One person's mail about one question on one occasion, written before it is handed over, so that nobody gets it twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="mails", db_index=False)
    user_id = models.BigIntegerField()
    occasion = models.CharField(max_length=40)
    sent_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["approval", "user_id", "occasion"], name="workflows_approvalmail_once_per_occasion"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.occasion}"


class Deputy(models.Model):
    """A member lets another decide in their place for a time. Ended early by ``revoked_at``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person_id = models.BigIntegerField()
    deputy_id = models.BigIntegerField()
    from_at = models.DateTimeField(db_default=Now())
    until_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "deputies"
        constraints = [
            models.CheckConstraint(condition=~Q(person_id=F("deputy_id")), name="workflows_deputy_is_somebody_else"),
            models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="workflows_deputy_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.deputy_id} for {self.person_id}"


class ApprovalPolicy(models.Model):
    """What the workspace settled for all its workflows; one row. It may only make things stricter."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    hold_writes = models.BooleanField(db_default=False)
    hold_types = models.JSONField(default=list, blank=True)
    bulk_limit = models.PositiveIntegerField(db_default=25)
    changed_by = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "approval policies"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="workflows_approvalpolicy_is_one_row"),
            models.CheckConstraint(
                condition=Q(bulk_limit__gte=1, bulk_limit__lte=25), name="workflows_approvalpolicy_bulk_only_stricter"
            ),
        ]

    def __str__(self) -> str:
        return "approval policy"


class AllowRule(models.Model):
    """An owner's word that some acts need nobody: who, where or how much a day, until when and why. Never changed, only ended.

    ``renews``: the ended rule whose end was taken back by making it anew. An effect that a rule let pass names it in its reasons,
    and the database refuses one that names none in force, or for what no rule may cover (migration 0015).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in AllowKind])
    values = models.JSONField(default=list)
    types = models.JSONField(default=list)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, db_default="")
    reason = models.CharField(max_length=300)
    made_by = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.BigIntegerField(null=True)
    renews = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="renewed_by")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="amount", amount_minor__gt=0) & ~Q(currency="")
                | ~Q(kind="amount") & Q(amount_minor=None),
                name="workflows_allowrule_amounts_are_whole",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="workflows_allowrule_ends"),
            models.CheckConstraint(condition=~Q(reason=""), name="workflows_allowrule_says_why"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in AllowKind]), name="workflows_allowrule_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="amount", values=[]) | ~Q(kind="amount") & ~Q(values=[]),
                name="workflows_allowrule_names_whom",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + timedelta(days=366)),
                name="workflows_allowrule_lasts_a_year_at_most",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.values}"


class AllowanceDay(models.Model):
    """What an amount rule has let pass on one day (UTC); never more than the rule's amount, by conditional update."""

    id = models.BigAutoField(primary_key=True)
    rule = models.ForeignKey(AllowRule, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    spent_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "day"], name="workflows_allowanceday_once"),
            models.CheckConstraint(condition=Q(spent_minor__gte=0), name="workflows_allowanceday_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.day}"
