"""Secrets over HTTP. A value goes in and never comes out, neither in an answer nor in an error."""

from typing import Any, ClassVar
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.guards import HasPermission
from apps.core.api import StrictJSONParser, StrictSerializer
from apps.workflows.enums import SecretChangeKind
from apps.workflows.services import secrets
from apps.workflows.services.secrets import MAX_VALUE, MIN_VALUE


class SecretUseSerializer(serializers.Serializer[Any]):
    """A workflow that names the secret."""

    slug = serializers.CharField()
    workflow = serializers.CharField()
    published = serializers.BooleanField(help_text="The current version names it.")
    draft = serializers.BooleanField(help_text="The draft names it.")
    live_runs = serializers.IntegerField(help_text="Runs under way whose version names it.")


class SecretSerializer(serializers.Serializer[Any]):
    """A secret without its value."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    note = serializers.CharField()
    created_by = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    replaced_by = serializers.IntegerField(allow_null=True)
    replaced_at = serializers.DateTimeField(allow_null=True)
    used_at = serializers.DateTimeField(allow_null=True, help_text="When a call last used it, to the minute.")
    uses = SecretUseSerializer(many=True)


class SecretPageSerializer(serializers.Serializer[Any]):
    """All secrets, by name."""

    results = SecretSerializer(many=True)


class SecretChangeSerializer(serializers.Serializer[Any]):
    """An entry of the record."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=SecretChangeKind.choices)
    user_id = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField()


class SecretChangePageSerializer(serializers.Serializer[Any]):
    """The record, newest first."""

    results = SecretChangeSerializer(many=True)


def _value_field() -> serializers.CharField:
    return serializers.CharField(
        write_only=True, min_length=MIN_VALUE, max_length=MAX_VALUE, trim_whitespace=False,
        help_text="Write-only: no call returns it.",
    )  # fmt: skip


class NewSecretSerializer(StrictSerializer):
    """A name, a value and a note."""

    name = serializers.RegexField(r"^[a-z][a-z0-9_]{0,59}$")
    value = _value_field()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ReplaceSecretSerializer(StrictSerializer):
    """Another value; without ``note`` the note stays."""

    value = _value_field()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, allow_null=True, default=None)


def _checked(serializer_type: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    serializer = serializer_type(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class SecretListView(APIView):
    """Secrets of the workspace's workflows."""

    parser_classes: ClassVar[list[type]] = [StrictJSONParser]
    permission_classes: ClassVar[list[Any]] = [HasPermission.by_method(GET="secrets.view", POST="secrets.manage")]

    @extend_schema(operation_id="secrets_list", responses=SecretPageSerializer)
    def get(self, request: Request) -> Response:
        """All of them with where they are used; there are at most 500."""
        return Response(SecretPageSerializer({"results": secrets.list_secrets()}).data)

    @extend_schema(operation_id="secrets_create", request=NewSecretSerializer, responses={201: SecretSerializer})
    def post(self, request: Request) -> Response:
        """Keep a value under a name; 409 when the name is taken."""
        row = secrets.add_secret(**_checked(NewSecretSerializer, request.data), user_id=request.user.pk)
        return Response(SecretSerializer(row).data, status=201)


class SecretDetailView(APIView):
    """One secret."""

    parser_classes: ClassVar[list[type]] = [StrictJSONParser]
    permission_classes: ClassVar[list[Any]] = [
        HasPermission.by_method(GET="secrets.view", PUT="secrets.manage", DELETE="secrets.manage")
    ]

    @extend_schema(operation_id="secrets_retrieve", responses=SecretSerializer)
    def get(self, request: Request, secret_id: UUID) -> Response:
        """The secret without its value."""
        return Response(SecretSerializer(secrets.get_secret(secret_id)).data)

    @extend_schema(operation_id="secrets_replace", request=ReplaceSecretSerializer, responses=SecretSerializer)
    def put(self, request: Request, secret_id: UUID) -> Response:
        """Put another value under the same name; calls that begin from now on use it."""
        data = _checked(ReplaceSecretSerializer, request.data)
        return Response(SecretSerializer(secrets.replace_secret(secret_id, **data, user_id=request.user.pk)).data)

    @extend_schema(operation_id="secrets_delete", responses={204: None})
    def delete(self, request: Request, secret_id: UUID) -> Response:
        """Forget it; 409 while a current version or a live run uses it. Deleting again changes nothing."""
        secrets.delete_secret(secret_id, user_id=request.user.pk)
        return Response(status=204)


class SecretChangeListView(APIView):
    """Who did what."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("secrets.view")]

    @extend_schema(operation_id="secret_changes_list", responses=SecretChangePageSerializer)
    def get(self, request: Request) -> Response:
        """The latest 100 acts, deleted secrets included."""
        return Response(SecretChangePageSerializer({"results": secrets.list_secret_changes(limit=100)}).data)


app_name = "secrets_api"
urlpatterns = [
    path("secrets/", SecretListView.as_view(), name="secret_list"),
    path("secrets/changes/", SecretChangeListView.as_view(), name="secret_changes"),
    path("secrets/<uuid:secret_id>/", SecretDetailView.as_view(), name="secret_detail"),
]
