"""Approvals over HTTP: list, detail, decide. A decision names the hash of exactly what was read; other bytes are a 409."""

import json
from typing import Any, ClassVar
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.guards import HasPermission
from apps.core.api import StrictJSONParser
from apps.workflows.approvals import deciding, editing, reading, wording
from apps.workflows.approvals.enums import ApprovalState, Channel, Choice
from apps.workflows.approvals.models import Approval

LISTED = 100


class VoteSerializer(serializers.Serializer[Any]):
    """One person's word."""

    user_id = serializers.IntegerField()
    person_id = serializers.IntegerField(help_text="Whose right was used; another than user_id for a deputy.")
    choice = serializers.ChoiceField(choices=Choice.choices)
    reason = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    effective_at = serializers.DateTimeField(help_text="From when on it counts.")


class ApprovalSerializer(serializers.Serializer[Any]):
    """A question and where it stands."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    title = serializers.CharField()
    workflow = serializers.CharField()
    run_id = serializers.UUIDField()
    type = serializers.CharField()
    sentence = serializers.SerializerMethodField(help_text="What will happen, in words.")
    risk_class = serializers.CharField()
    reasons = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    state = serializers.ChoiceField(choices=ApprovalState.choices)
    payload_hash = serializers.CharField(help_text="SHA-256 of the exact request; a decision must repeat it.")
    quorum = serializers.IntegerField()
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    replaces = serializers.UUIDField(source="replaces_id", allow_null=True)

    def get_sentence(self, row: Approval) -> str:
        """For people."""
        return wording.sentence_of(row)


class ApprovalDetailSerializer(ApprovalSerializer):
    """The same with the exact request and the votes."""

    request = serializers.SerializerMethodField(help_text="The request as it would be sent, without secrets.")
    fields_schema = serializers.JSONField(source="fields", help_text="Questions: JSON Schema of the answer.")
    votes = VoteSerializer(many=True)

    def get_request(self, row: Approval) -> Any:
        """As JSON."""
        return json.loads(row.payload)


class ApprovalPageSerializer(serializers.Serializer[Any]):
    """What waits."""

    results = ApprovalSerializer(many=True)


class DecideSerializer(serializers.Serializer[Any]):
    """A decision. ``edited`` approves a changed request: the part a person may change, whole."""

    choice = serializers.ChoiceField(choices=Choice.choices)
    payload_hash = serializers.RegexField(r"^[0-9a-f]{64}$")
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")
    answer = serializers.DictField(required=False, allow_null=True, default=None)
    edited = serializers.DictField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An edit is an approval, and only known fields are taken."""
        unknown = set(getattr(self, "initial_data", {})) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(dict.fromkeys(sorted(unknown), "Unknown field."))
        if attrs["edited"] is not None and attrs["choice"] != Choice.APPROVE:
            raise serializers.ValidationError({"edited": "Only an approval can change the request."})
        return attrs


class ApprovalListView(APIView):
    """What waits for people."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("runs.view")]

    @extend_schema(operation_id="approvals_list", responses=ApprovalPageSerializer)
    def get(self, request: Request) -> Response:
        """Pending approvals, the nearest deadline first, at most 100."""
        return Response(ApprovalPageSerializer({"results": reading.list_pending(limit=LISTED)}).data)


class ApprovalDetailView(APIView):
    """One question."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("runs.view")]

    @extend_schema(operation_id="approvals_retrieve", responses=ApprovalDetailSerializer)
    def get(self, request: Request, approval_id: UUID) -> Response:
        """The question with the exact request, its reasons and votes."""
        return Response(ApprovalDetailSerializer(reading.get_approval(approval_id)).data)


class ApprovalDecideView(APIView):
    """A decision."""

    parser_classes: ClassVar[list[type]] = [StrictJSONParser]
    permission_classes: ClassVar[list[Any]] = [HasPermission.of("approvals.decide")]

    @extend_schema(operation_id="approvals_decide", request=DecideSerializer, responses=ApprovalDetailSerializer)
    def post(self, request: Request, approval_id: UUID) -> Response:
        """Approve, refuse, or approve a changed request. 409 when the hash is not that of what would be sent, or it is decided."""
        serializer = DecideSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        common = {
            "approval_id": approval_id,
            "payload_hash": data["payload_hash"],
            "user_id": request.user.pk or 0,
            "channel": Channel.API,
            "reason": data["reason"],
        }
        if data["edited"] is not None:
            row = editing.edit_and_approve(value=data["edited"], **common)
        else:
            row = deciding.decide(choice=data["choice"], answer=data["answer"], **common)
        return Response(ApprovalDetailSerializer(reading.get_approval(row.pk)).data)


app_name = "approvals_api"
urlpatterns = [
    path("approvals/", ApprovalListView.as_view(), name="approval_list"),
    path("approvals/<uuid:approval_id>/", ApprovalDetailView.as_view(), name="approval_detail"),
    path("approvals/<uuid:approval_id>/decide/", ApprovalDecideView.as_view(), name="approval_decide"),
]
