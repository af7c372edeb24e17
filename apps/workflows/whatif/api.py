"""What-if over HTTP: ask what past runs would have done, look how far it is, read what came of it, stop it."""

import uuid
from typing import Any, ClassVar
from uuid import UUID

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.guards import HasPermission
from apps.ai import facade as ai
from apps.core.api import StrictJSONParser, StrictSerializer
from apps.core.errors import InvalidInput
from apps.tenants.facade import current_tenant
from apps.workflows.builder.drafts import get_draft
from apps.workflows.services.definitions import get_workflow
from apps.workflows.whatif import selectors, services
from apps.workflows.whatif.conf import MOST_RUNS, USUAL_RUNS
from apps.workflows.whatif.enums import Verdict, WhatIfState

KEY = "Idempotency-Key"
NAMESPACE = UUID("6f0d3c1e-0d0a-5c0e-9b7e-3b1f5f6f7a10")
MOST_MICROS = 1_000_000_000
KEY_PARAMETER = OpenApiParameter(
    KEY, OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="Up to 120 printable characters. The same key again returns the first call's comparison and starts nothing.",
)  # fmt: skip


class AskSerializer(StrictSerializer):
    """Which past runs, carried out with what. Nothing leaves the workspace but model calls within ``cap_micros``."""

    version = serializers.IntegerField(
        min_value=1, max_value=2_147_483_647, required=False, allow_null=True, default=None,
        help_text="Number of a version; without it the current one.",
    )  # fmt: skip
    draft = serializers.BooleanField(default=False, help_text="Carry them out with the draft as it is now.")
    last = serializers.IntegerField(min_value=1, max_value=MOST_RUNS, default=USUAL_RUNS)
    state = serializers.ChoiceField(choices=["succeeded", "failed"], required=False, allow_blank=True, default="")
    since = serializers.DateTimeField(required=False, allow_null=True, default=None)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    run_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_RUNS, required=False, default=list)
    model = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    cap_micros = serializers.IntegerField(
        min_value=0, max_value=MOST_MICROS, default=0,
        help_text="Pay for model calls up to this many millionths of a US dollar; 0 asks no model.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A draft has no number, and a model must be known here."""
        wrong = {}
        if attrs["draft"] and attrs["version"] is not None:
            wrong["version"] = [_("Name a version or the draft, not both.")]
        if attrs["model"] and attrs["model"] not in ai.known_models():
            wrong["model"] = [_("There is no such model here.")]
        if wrong:
            raise serializers.ValidationError(wrong)
        return attrs


class WhatIfRowSerializer(serializers.Serializer[Any]):
    """A comparison and how far it is."""

    id = serializers.UUIDField()
    workflow = serializers.CharField(source="workflow.slug")
    title = serializers.CharField()
    version = serializers.IntegerField(source="version_number", allow_null=True, help_text="Null for a draft.")
    model = serializers.CharField()
    cap_micros = serializers.IntegerField()
    state = serializers.ChoiceField(choices=WhatIfState.choices)
    created_by = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    total = serializers.IntegerField(help_text="Runs it looks at.")
    judged = serializers.IntegerField(help_text="Runs that are compared already.")


class WhatIfPageSerializer(serializers.Serializer[Any]):
    """The latest 50, newest first."""

    results = WhatIfRowSerializer(many=True)


class VerdictSerializer(serializers.Serializer[Any]):
    """How often something came of it."""

    verdict = serializers.ChoiceField(choices=Verdict.choices)
    count = serializers.IntegerField()


class TotalsSerializer(serializers.Serializer[Any]):
    """Summed up over the runs whose figures are known on both sides; ``unknown`` counts the others."""

    verdicts = serializers.SerializerMethodField()
    cost_before = serializers.IntegerField(help_text="Millionths of a US dollar.")
    cost_after = serializers.IntegerField()
    seconds_before = serializers.FloatField()
    seconds_after = serializers.FloatField()
    score_before = serializers.FloatField(allow_null=True)
    score_after = serializers.FloatField(allow_null=True)
    unknown = serializers.IntegerField()
    spent_micros = serializers.IntegerField(help_text="What the comparison itself paid for model calls.")
    other_ways = serializers.IntegerField(help_text="Runs that would have gone another way.")
    not_sent = serializers.IntegerField(help_text="Runs of which something could not be answered from the record.")

    @extend_schema_field(VerdictSerializer(many=True))
    def get_verdicts(self, totals: selectors.Totals) -> list[dict[str, Any]]:
        """By verdict, the ones to look at first."""
        return [{"verdict": verdict.value, "count": count} for verdict, count in totals.verdicts]


class ComparedRunSerializer(serializers.Serializer[Any]):
    """One past run, set against how it would go. ``before`` and ``after`` are figures, ``changes`` where the outputs differ."""

    run_id = serializers.UUIDField(source="origin_id")
    shadow_id = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=Verdict.choices, allow_blank=True, help_text="Empty until compared.")
    before = serializers.DictField()
    after = serializers.DictField()
    changes = serializers.ListField(child=serializers.DictField())
    answers = serializers.DictField(help_text="Where each outside step's answer came from.")
    judged_at = serializers.DateTimeField(allow_null=True)


class WhatIfSerializer(WhatIfRowSerializer):
    """A comparison with its result as far as it goes."""

    selection = serializers.DictField()
    totals = TotalsSerializer()
    runs = ComparedRunSerializer(many=True, help_text="The ones to look at first.")


class NothingSerializer(StrictSerializer):
    """A call that takes no body."""


def _checked(serializer_type: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    serializer = serializer_type(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _id_for(request: Request, slug: str) -> UUID | None:
    """The id that a key stands for: the same person, workflow and key give the same comparison."""
    key = str(request.headers.get(KEY, ""))
    if not key:
        return None
    if len(key) > 120 or not all("!" <= character <= "~" for character in key):
        raise InvalidInput(fields={KEY: _("Use 1 to 120 printable ASCII characters without spaces.")})
    return uuid.uuid5(NAMESPACE, f"{current_tenant().id}:{request.user.pk}:{slug}:{key}")


def _told(what_if_id: UUID) -> dict[str, Any]:
    what_if = selectors.get_what_if(what_if_id)
    rows = selectors.rows_of(what_if_id)
    totals = selectors.totals(rows)
    what_if.total, what_if.judged = totals.total, totals.judged  # type: ignore[attr-defined]
    return {
        **WhatIfRowSerializer(what_if).data,
        "selection": what_if.selection,
        "totals": TotalsSerializer(totals).data,
        "runs": ComparedRunSerializer(rows, many=True).data,
    }


class WhatIfListView(APIView):
    """Comparisons of a workflow."""

    parser_classes: ClassVar[list[type]] = [StrictJSONParser]
    permission_classes: ClassVar[list[Any]] = [HasPermission.by_method(GET="runs.view", POST="runs.replay")]

    @extend_schema(operation_id="what_ifs_list", responses=WhatIfPageSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """What was asked lately."""
        get_workflow(workflow=slug)
        rows = selectors.list_what_ifs(workflow=slug, limit=50)
        return Response(WhatIfPageSerializer({"results": rows}).data)

    @extend_schema(
        operation_id="what_ifs_create", parameters=[KEY_PARAMETER], request=AskSerializer,
        responses={202: WhatIfSerializer},
    )  # fmt: skip
    def post(self, request: Request, slug: str) -> Response:
        """Ask what past runs would have done; the result comes bit by bit under the same id."""
        asked = _checked(AskSerializer, request.data)
        user_id = int(request.user.pk or 0)
        chosen = {name: asked[name] for name in ("last", "state", "since", "until")}
        found = services.ask_what_if(
            workflow=slug,
            selection=services.Selection(**chosen, run_ids=tuple(asked["run_ids"])),
            definition=dict(get_draft(slug=slug, actor_id=user_id).document) if asked["draft"] else None,
            version_number=asked["version"],
            model=asked["model"],
            cap_micros=asked["cap_micros"],
            actor=user_id,
            what_if_id=_id_for(request, slug),
        )
        return Response(_told(found), status=202)


class WhatIfDetailView(APIView):
    """One comparison."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("runs.view")]

    @extend_schema(operation_id="what_ifs_retrieve", responses=WhatIfSerializer)
    def get(self, request: Request, what_if_id: UUID) -> Response:
        """How far it is, what would have come of each run, and summed up."""
        return Response(_told(what_if_id))


class WhatIfCancelView(APIView):
    """Stopping."""

    parser_classes: ClassVar[list[type]] = [StrictJSONParser]
    permission_classes: ClassVar[list[Any]] = [HasPermission.of("runs.replay")]

    @extend_schema(operation_id="what_ifs_cancel", request=NothingSerializer, responses=WhatIfSerializer)
    def post(self, request: Request, what_if_id: UUID) -> Response:
        """Stop it; what was compared stays. One that has ended is left alone."""
        _checked(NothingSerializer, request.data)
        services.cancel_what_if(what_if_id=what_if_id)
        return Response(_told(what_if_id))


app_name = "whatif_api"
urlpatterns = [
    path("workflows/<slug:slug>/what-ifs/", WhatIfListView.as_view(), name="what_if_list"),
    path("what-ifs/<uuid:what_if_id>/", WhatIfDetailView.as_view(), name="what_if_detail"),
    path("what-ifs/<uuid:what_if_id>/cancel/", WhatIfCancelView.as_view(), name="what_if_cancel"),
]
