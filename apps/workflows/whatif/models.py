"""Comparisons of past runs with how they would go otherwise (tenant schema).

Each past run gets a shadow: a ``Run`` of its own that the engine carries out while the database refuses every transmission of its
effects (trigger ``workflows_effect_shadow_stays_inside``), model calls a person agreed to pay for excepted.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.workflows.whatif.enums import Verdict, WhatIfState


class WhatIf(models.Model):
    """One question: how would these runs have gone with this definition and model? ``definition`` is a copy, so a draft that goes
    on changing does no harm; ``version_number`` is empty for a draft.

    ``pays`` lets steps whose type begins with ``ai.`` really ask the model while ``held_micros``, what was spent and set aside,
    stays within ``cap_micros``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("workflows.Workflow", on_delete=models.CASCADE, related_name="what_ifs")
    title = models.CharField(max_length=160)
    version_number = models.PositiveIntegerField(null=True)
    definition = models.JSONField()
    model = models.CharField(max_length=120, db_default="")
    pays = models.BooleanField(db_default=False)
    cap_micros = models.BigIntegerField(db_default=0)
    held_micros = models.BigIntegerField(db_default=0)
    selection = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=WhatIfState, db_default=WhatIfState.RUNNING)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=WhatIfState.values), name="workflows_whatif_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
                name="workflows_whatif_finished_at_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(pays=False, cap_micros=0) | Q(pays=True, cap_micros__gt=0),
                name="workflows_whatif_pays_within_a_cap",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class WhatIfRun(models.Model):
    """One past run, its shadow and what came of the comparison. ``before`` and ``after`` are figures, ``changes`` the places at
    which the outputs differ, ``answers`` where each outside step's answer came from. ``held_micros`` is set aside for its calls."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    what_if = models.ForeignKey(WhatIf, on_delete=models.CASCADE, related_name="runs", db_index=False)
    origin = models.ForeignKey("workflows.Run", on_delete=models.CASCADE, related_name="+")
    shadow = models.OneToOneField("workflows.Run", on_delete=models.CASCADE, related_name="looks_at")
    verdict = models.CharField(max_length=10, choices=Verdict, db_default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    answers = models.JSONField(default=dict)
    held_micros = models.BigIntegerField(db_default=0)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["what_if", "origin"], name="workflows_whatifrun_each_run_once"),
            models.CheckConstraint(
                condition=Q(verdict__in=["", *Verdict.values]), name="workflows_whatifrun_verdict_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what_if_id} {self.origin_id} {self.verdict}"
