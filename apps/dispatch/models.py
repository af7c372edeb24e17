"""The durable queue (public plane): ids, times and states only, never tenant content.

Rows move through ``apps.dispatch.sql``; the models describe the tables, their constraints and their admin face. The legal moves
between states are held by a trigger (migration ``0002_guard_moves``).
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.dispatch.enums import FINAL_STATES, LIVE_STATES, Queue, ScheduleScope, WorkState

LIVE = Q(state__in=[str(state) for state in LIVE_STATES])
FINAL = Q(state__in=[str(state) for state in FINAL_STATES])


class TenantQueue(models.Model):
    """One tenant as dispatch sees it: where its data lives, its share of the workers, whether it is paused."""

    tenant_id = models.BigIntegerField(_("tenant"), primary_key=True)
    schema_name = models.CharField(_("schema"), max_length=63, unique=True)
    epoch = models.PositiveIntegerField(_("epoch"), default=1)
    weight = models.FloatField(_("weight"), default=1.0, help_text=_("Share of the workers relative to other tenants."))
    max_in_flight = models.PositiveIntegerField(_("most items at once"), default=50)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    is_operator = models.BooleanField(_("carries platform work"), default=False)
    vtime = models.FloatField(default=0.0, help_text=_("Start tag of the next item in virtual time (fair queueing)."))
    last_tag = models.FloatField(default=0.0, help_text=_("Start tag of the item claimed last."))

    class Meta:
        verbose_name = _("tenant queue")
        verbose_name_plural = _("tenant queues")
        constraints = [
            models.CheckConstraint(condition=Q(tenant_id__gt=0), name="dispatch_tenantqueue_tenant_is_positive"),
            models.CheckConstraint(condition=~Q(schema_name=""), name="dispatch_tenantqueue_schema_is_named"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="dispatch_tenantqueue_weight_is_positive"),
            models.CheckConstraint(condition=Q(epoch__gt=0), name="dispatch_tenantqueue_epoch_is_positive"),
            models.UniqueConstraint(
                fields=["is_operator"], condition=Q(is_operator=True), name="dispatch_tenantqueue_one_operator"
            ),
        ]

    def __str__(self) -> str:
        return self.schema_name


class Worker(models.Model):
    """One boot of one worker process. The id is fresh at each boot; a lease that ran out is never renewed."""

    incarnation = models.UUIDField(_("boot"), primary_key=True)
    host = models.CharField(_("host"), max_length=255)
    place = models.CharField(
        max_length=120, help_text=_("Machine boot and process namespace, to recognise dead neighbours.")
    )
    pid = models.IntegerField(_("process"))
    pid_started = models.BigIntegerField(help_text=_("Start of the process in clock ticks after boot."))
    revision = models.CharField(_("code revision"), max_length=64, default="", blank=True)
    kinds = models.JSONField(_("kinds"), default=list)
    slots = models.PositiveIntegerField(_("slots"))
    in_flight = models.PositiveIntegerField(_("in flight"), default=0)
    started_at = models.DateTimeField(_("started"), db_default=Now())
    beat_at = models.DateTimeField(_("last sign of life"), db_default=Now())
    lease_until = models.DateTimeField(_("lease until"))
    draining = models.BooleanField(_("draining"), default=False)

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        constraints = [models.CheckConstraint(condition=~Q(place=""), name="dispatch_worker_place_is_named")]
        indexes = [models.Index(fields=["lease_until"], name="dispatch_worker_lease")]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class WorkItem(models.Model):
    """One thing to be done for one tenant. ``fence`` rises with every change of hands; writers must name it."""

    id = models.BigAutoField(primary_key=True)
    tenant_id = models.BigIntegerField(_("tenant"))
    epoch = models.PositiveIntegerField(_("epoch"))
    kind = models.CharField(_("kind"), max_length=64)
    ref = models.CharField(_("about"), max_length=200)
    queue = models.CharField(_("queue"), max_length=12, choices=Queue, default=Queue.DEFAULT)
    priority = models.SmallIntegerField(_("priority"), default=100)
    state = models.CharField(_("state"), max_length=12, choices=WorkState, default=WorkState.READY)
    run_at = models.DateTimeField(_("due"), db_default=Now())
    parked = models.BooleanField(default=False, help_text=_("Not claimable before its due time."))
    fence = models.BigIntegerField(default=0)
    owner = models.UUIDField(_("worker"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    timeout_s = models.FloatField(_("time limit, seconds"), default=60)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("most attempts"), default=8)
    losses = models.PositiveSmallIntegerField(
        _("losses"), default=0, help_text=_("Times its worker died, in 24 hours.")
    )
    lost_at = models.DateTimeField(null=True, blank=True)
    nudges = models.PositiveIntegerField(default=0)
    seen_nudges = models.PositiveIntegerField(default=0)
    again = models.BooleanField(default=False)
    dedupe_key = models.CharField(max_length=200, default="", blank=True)
    cost = models.FloatField(default=1.0)
    error_code = models.CharField(_("last error"), max_length=64, default="", blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    enqueued_at = models.DateTimeField(_("enqueued"), db_default=Now())
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        constraints = [
            models.CheckConstraint(condition=Q(tenant_id__gt=0), name="dispatch_workitem_tenant_is_positive"),
            models.CheckConstraint(condition=~Q(kind="") & ~Q(ref=""), name="dispatch_workitem_kind_and_ref_are_named"),
            models.CheckConstraint(condition=Q(state__in=WorkState.values), name="dispatch_workitem_state_is_known"),
            models.CheckConstraint(condition=Q(queue__in=Queue.values), name="dispatch_workitem_queue_is_known"),
            models.CheckConstraint(
                condition=Q(cost__gt=0) & Q(timeout_s__gt=0) & Q(max_attempts__gt=0),
                name="dispatch_workitem_limits_are_positive",
            ),
            models.CheckConstraint(
                condition=Q(state="running", owner__isnull=False, deadline_at__isnull=False, fence__gt=0)
                | (~Q(state="running") & Q(owner__isnull=True, deadline_at__isnull=True)),
                name="dispatch_workitem_running_has_owner",
            ),
            models.CheckConstraint(
                condition=(FINAL & Q(finished_at__isnull=False)) | (~FINAL & Q(finished_at__isnull=True)),
                name="dispatch_workitem_final_has_end",
            ),
            models.CheckConstraint(
                condition=Q(parked=False) | Q(state__in=["ready", "waiting"]),
                name="dispatch_workitem_parked_is_ready_or_waiting",
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "kind", "dedupe_key"],
                condition=LIVE & ~Q(dedupe_key=""),
                name="dispatch_workitem_one_live_per_dedupe_key",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "queue", "tenant_id", "priority", "run_at", "id"],
                condition=Q(state="ready", parked=False),
                name="dispatch_work_claim",
            ),
            models.Index(fields=["run_at"], condition=Q(parked=True), name="dispatch_work_parked"),
            models.Index(fields=["deadline_at"], condition=Q(state="running"), name="dispatch_work_deadline"),
            models.Index(fields=["owner"], condition=Q(state="running"), name="dispatch_work_owner"),
            models.Index(fields=["tenant_id"], condition=Q(state="running"), name="dispatch_work_in_flight"),
            models.Index(fields=["tenant_id", "kind", "ref"], condition=LIVE, name="dispatch_work_subject"),
            models.Index(fields=["state", "finished_at"], condition=FINAL, name="dispatch_work_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class ScheduleEntry(models.Model):
    """One schedule as registered by an app; staff may switch it off or change its interval, which code does not overwrite."""

    name = models.CharField(_("name"), max_length=100, primary_key=True)
    kind = models.CharField(_("kind"), max_length=64)
    scope = models.CharField(_("for"), max_length=12, choices=ScheduleScope)
    queue = models.CharField(_("queue"), max_length=12, choices=Queue, default=Queue.DEFAULT)
    default_every_s = models.FloatField(_("interval in code, seconds"))
    every_s = models.FloatField(_("interval, seconds"))
    overlap = models.BooleanField(_("may overlap"), default=False)
    timeout_s = models.FloatField(_("time limit, seconds"), default=60)
    enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(kind=""), name="dispatch_scheduleentry_is_named"),
            models.CheckConstraint(
                condition=Q(every_s__gte=1) & Q(default_every_s__gte=1),
                name="dispatch_scheduleentry_interval_is_a_second_or_more",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Firing(models.Model):
    """When one schedule is due next for one tenant. Any worker fires it; the work's dedupe key names the instant."""

    schedule = models.ForeignKey(ScheduleEntry, on_delete=models.CASCADE, related_name="firings")
    tenant_id = models.BigIntegerField(_("tenant"))
    next_at = models.DateTimeField(_("due"))
    fired_for = models.DateTimeField(_("last fired for"), null=True, blank=True)

    class Meta:
        verbose_name = _("firing")
        verbose_name_plural = _("firings")
        constraints = [
            models.UniqueConstraint(fields=["schedule", "tenant_id"], name="dispatch_firing_one_per_tenant"),
        ]
        indexes = [models.Index(fields=["next_at"], name="dispatch_firing_due")]

    def __str__(self) -> str:
        return f"{self.schedule_id} @ {self.next_at:%Y-%m-%d %H:%M:%S}"
