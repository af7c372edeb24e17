"""Outgoing webhooks over HTTP: who is told, what was sent to whom and what came back, sending again. Secrets stay inside."""

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.guards import HasPermission
from apps.connectors.webhooks_out import endpoints, looking
from apps.connectors.webhooks_out.enums import DeliveryState, EndpointState
from apps.core.api import StrictJSONParser, StrictSerializer

BIGGEST_ID = 2**63 - 1


class EndpointSerializer(serializers.Serializer[Any]):
    """An address that is told about events."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    url = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField(), help_text='Kinds of events; "*" is all of them.')
    state = serializers.ChoiceField(choices=EndpointState.choices)
    problem = serializers.CharField()
    waiting = serializers.IntegerField(help_text="Events still to be sent.")
    given_up = serializers.IntegerField(help_text="Events that were given up and can be sent again.")
    created_at = serializers.DateTimeField()


class EndpointPageSerializer(serializers.Serializer[Any]):
    """All of them, by name."""

    results = EndpointSerializer(many=True)


class DeliverySerializer(serializers.Serializer[Any]):
    """One event on its way to one endpoint."""

    id = serializers.IntegerField()
    endpoint = serializers.UUIDField(source="endpoint_id")
    event_id = serializers.UUIDField(source="event.uid", help_text="Sent as webhook-id; the same in every attempt.")
    type = serializers.CharField(source="event.type")
    object_key = serializers.CharField(help_text='What it is about, for example "run:<id>".')
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    attempts = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="HTTP status of the latest answer.")
    problem = serializers.CharField()
    took_ms = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    tried_at = serializers.DateTimeField(allow_null=True)
    next_at = serializers.SerializerMethodField(help_text="When it is tried next; null once it is final.")
    done_at = serializers.DateTimeField(allow_null=True)

    def get_next_at(self, row: Any) -> str | None:
        """Only of what is still to be sent."""
        is_open = row.state == DeliveryState.PENDING
        return serializers.DateTimeField().to_representation(row.next_at) if is_open else None


class DeliveryDetailSerializer(DeliverySerializer):
    """The same with what was said on both sides."""

    occurred_at = serializers.DateTimeField(source="event.occurred_at")
    data = serializers.JSONField(source="event.data")
    answer = serializers.CharField(help_text="The beginning of the latest answer.")


class DeliveryPageSerializer(serializers.Serializer[Any]):
    """One page, newest first; ``next`` is the cursor of the following one or null."""

    results = DeliverySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class DeliveryQuerySerializer(StrictSerializer):
    """Filters of the list."""

    endpoint = serializers.UUIDField(required=False, default=None)
    state = serializers.ChoiceField(choices=DeliveryState.choices, required=False, default="")
    type = serializers.CharField(max_length=80, required=False, default="")
    cursor = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False, default=None)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class NothingSerializer(StrictSerializer):
    """A call that takes no body."""


def _checked(serializer_type: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    serializer = serializer_type(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class EndpointListView(APIView):
    """Who is told."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("connections.view")]

    @extend_schema(operation_id="webhooks_list", responses=EndpointPageSerializer)
    def get(self, request: Request) -> Response:
        """Every address that is told about events, and how it is doing; there are at most 20."""
        return Response(EndpointPageSerializer({"results": looking.list_endpoints()}).data)


class DeliveryListView(APIView):
    """What was sent."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("connections.view")]

    @extend_schema(
        operation_id="webhook_deliveries_list", parameters=[DeliveryQuerySerializer], responses=DeliveryPageSerializer
    )
    def get(self, request: Request) -> Response:
        """Deliveries of the last 30 days by endpoint, state and kind of event. An unknown endpoint has none."""
        asked = _checked(DeliveryQuerySerializer, request.query_params.dict())
        rows = looking.find_deliveries(
            endpoint_id=asked["endpoint"], state=asked["state"], kind=asked["type"], before=asked["cursor"],
            limit=asked["limit"] + 1,
        )  # fmt: skip
        page = rows[: asked["limit"]]
        following = str(page[-1].pk) if len(rows) > len(page) else None
        return Response(DeliveryPageSerializer({"results": page, "next": following}).data)


class DeliveryDetailView(APIView):
    """One delivery."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("connections.view")]

    @extend_schema(operation_id="webhook_deliveries_retrieve", responses=DeliveryDetailSerializer)
    def get(self, request: Request, delivery_id: int) -> Response:
        """The event's data, and what the receiver answered last."""
        return Response(DeliveryDetailSerializer(looking.get_delivery(delivery_id)).data)


class DeliveryReplayView(APIView):
    """Sending again."""

    parser_classes: ClassVar[list[type]] = [StrictJSONParser]
    permission_classes: ClassVar[list[Any]] = [HasPermission.of("connections.manage")]

    @extend_schema(
        operation_id="webhook_deliveries_replay", request=NothingSerializer, responses={202: DeliveryDetailSerializer}
    )
    def post(self, request: Request, delivery_id: int) -> Response:
        """Send it once more under the same webhook-id. One still to be sent stays as it is: a second call is harmless."""
        _checked(NothingSerializer, request.data)
        endpoints.replay(delivery_id=delivery_id)
        return Response(DeliveryDetailSerializer(looking.get_delivery(delivery_id)).data, status=202)


app_name = "webhooks_api"
urlpatterns = [
    path("webhooks/", EndpointListView.as_view(), name="webhook_list"),
    path("webhook-deliveries/", DeliveryListView.as_view(), name="delivery_list"),
    path("webhook-deliveries/<int:delivery_id>/", DeliveryDetailView.as_view(), name="delivery_detail"),
    path("webhook-deliveries/<int:delivery_id>/replay/", DeliveryReplayView.as_view(), name="delivery_replay"),
]
