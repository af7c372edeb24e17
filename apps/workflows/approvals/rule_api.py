"""Owners' rules over HTTP: what needs no decision. Owners make and end them; whoever decides about approvals may read them."""

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.guards import HasPermission
from apps.core.api import StrictJSONParser, StrictSerializer
from apps.core.errors import NotFound
from apps.workflows.approvals import rulebook, rules
from apps.workflows.approvals.models import AllowRule
from apps.workflows.core.classes import AllowKind

KINDS = [(kind.value, kind.value) for kind in AllowKind]


class CoverSerializer(StrictSerializer):
    """What a rule covers: ``values`` name recipients, domains or hosts; an amount has a sum a day (UTC) instead."""

    kind = serializers.ChoiceField(choices=KINDS)
    values = serializers.ListField(child=serializers.CharField(max_length=320), required=False, default=list)
    types = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, default=list,
        help_text="Step types it is limited to; none: all of them.",
    )  # fmt: skip
    amount_minor = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="Sum a day in the currency's smallest unit."
    )
    currency = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=3, help_text="ISO 4217, for amounts."
    )


class NewRuleSerializer(CoverSerializer):
    """A rule, why it is made and until when it holds."""

    reason = serializers.CharField(max_length=300)
    expires_at = serializers.DateTimeField(help_text="At most a year from now.")


class RuleSerializer(serializers.Serializer[Any]):
    """A rule and where it stands."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    values = serializers.ListField(child=serializers.CharField())
    types = serializers.ListField(child=serializers.CharField())
    amount_minor = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField()
    reason = serializers.CharField()
    sentence = serializers.SerializerMethodField(help_text="What it says, in words.")
    made_by = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.IntegerField(allow_null=True)
    renews = serializers.UUIDField(source="renews_id", allow_null=True, help_text="The ended rule this one continues.")

    def get_sentence(self, row: AllowRule) -> str:
        """For people."""
        return rulebook.sentence_of(row)


class RulePageSerializer(serializers.Serializer[Any]):
    """Every rule, those that were not ended first."""

    results = RuleSerializer(many=True)


class PreviewSerializer(serializers.Serializer[Any]):
    """What a rule would have let pass among the last acts that waited."""

    looked_at = serializers.IntegerField(help_text="How many acts were judged again.")
    covered = serializers.ListField(
        child=serializers.UUIDField(), help_text="Approvals nobody would have been asked for."
    )
    never = serializers.IntegerField(help_text="How many of them no rule may cover.")


class RuleListView(APIView):
    """Rules of the workspace."""

    parser_classes = [StrictJSONParser]
    permission_classes = [HasPermission.by_method(GET="approvals.decide", POST=rules.OWNERS)]

    @extend_schema(operation_id="approval_rules_list", responses=RulePageSerializer)
    def get(self, request: Request) -> Response:
        """Every rule, ended ones included: a rule is never changed, only ended."""
        return Response(RulePageSerializer({"results": rules.list_rules()}).data)

    @extend_schema(operation_id="approval_rules_create", request=NewRuleSerializer, responses={201: RuleSerializer})
    def post(self, request: Request) -> Response:
        """Let acts pass from now on; what was asked already stays asked."""
        serializer = NewRuleSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row = rules.make_rule(**serializer.validated_data, user_id=request.user.pk or 0)
        return Response(RuleSerializer(row).data, status=201)


class RulePreviewView(APIView):
    """A look before a rule is made."""

    parser_classes = [StrictJSONParser]
    permission_classes = [HasPermission.of(rules.OWNERS)]

    @extend_schema(operation_id="approval_rules_preview", request=CoverSerializer, responses=PreviewSerializer)
    def post(self, request: Request) -> Response:
        """Judge the last 100 acts that waited as if the rule had been in force. Nothing is kept."""
        serializer = CoverSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        seen = rulebook.preview(**serializer.validated_data)
        said = {"looked_at": seen.looked_at, "covered": [row.pk for row in seen.covered], "never": seen.never}
        return Response(PreviewSerializer(said).data)


class RuleEndView(APIView):
    """The end of a rule."""

    permission_classes = [HasPermission.of(rules.OWNERS)]

    @extend_schema(operation_id="approval_rules_end", request=None, responses=RuleSerializer)
    def post(self, request: Request, rule_id: UUID) -> Response:
        """From now on people decide again; a second call changes nothing."""
        rules.end_rule(user_id=request.user.pk or 0, rule_id=rule_id)
        row = AllowRule.objects.filter(pk=rule_id).first()
        if row is None:
            raise NotFound
        return Response(RuleSerializer(row).data)


class RuleRenewView(APIView):
    """The end taken back."""

    permission_classes = [HasPermission.of(rules.OWNERS)]

    @extend_schema(operation_id="approval_rules_renew", request=None, responses={201: RuleSerializer})
    def post(self, request: Request, rule_id: UUID) -> Response:
        """Make an ended rule anew until its old date; 409 while it is in force or when its time is over."""
        row = rules.renew_rule(user_id=request.user.pk or 0, rule_id=rule_id)
        return Response(RuleSerializer(row).data, status=201)


app_name = "rules_api"
urlpatterns = [
    path("approvals/rules/", RuleListView.as_view(), name="rule_list"),
    path("approvals/rules/preview/", RulePreviewView.as_view(), name="rule_preview"),
    path("approvals/rules/<uuid:rule_id>/end/", RuleEndView.as_view(), name="rule_end"),
    path("approvals/rules/<uuid:rule_id>/renew/", RuleRenewView.as_view(), name="rule_renew"),
]
