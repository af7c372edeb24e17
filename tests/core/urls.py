"""Addresses for the tests of error answers: one for each way a view can fail."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.api import StrictSerializer
from apps.core.context import current_request_id, log_context
from apps.core.errors import Conflict, InvalidInput, LimitReached, Unavailable

SECRET = "hunter2hunter2"


class Item(StrictSerializer):
    title = serializers.CharField(max_length=5)


class Order(StrictSerializer):
    number = serializers.IntegerField()
    items = Item(many=True, required=False)
    state = serializers.CharField(read_only=True)


class Orders(APIView):
    permission_classes = (AllowAny,)
    authentication_classes = ()

    def post(self, request):
        order = Order(data=request.data)
        order.is_valid(raise_exception=True)
        return Response(order.validated_data, status=201)


class Forgotten(APIView):
    def get(self, request):
        return Response({"never": "seen"})


class Failing(APIView):
    permission_classes = (AllowAny,)
    authentication_classes = ()

    def get(self, request):
        error = ERRORS[request.query_params["kind"]]
        raise error()


def conflict():
    return Conflict(fields={"title": "Taken."}, detail=SECRET)


ERRORS = {
    "conflict": conflict,
    "limit": lambda: LimitReached(retry_after=1.2),
    "unavailable": Unavailable,
    "invalid": lambda: InvalidInput(fields={"": "<script>alert(1)</script>"}),
    "bug": lambda: ZeroDivisionError(SECRET),
    "missing": lambda: Http404(SECRET),
    "denied": lambda: PermissionDenied(SECRET),
    "suspicious": lambda: SuspiciousOperation(SECRET),
}


def fail(request, token=""):
    error = ERRORS[request.GET["kind"]]
    raise error()


def echo(request):
    return JsonResponse({"request_id": current_request_id(), "context": log_context()})


def form(request):
    return HttpResponse(request.POST.get("a", ""))


urlpatterns = [
    path("fail/<str:token>/", fail),
    path("fail", fail),
    path("echo", echo),
    path("form", form),
    path("api/v1/orders", Orders.as_view()),
    path("api/v1/forgotten", Forgotten.as_view()),
    path("api/v1/failing", Failing.as_view()),
]

handler400 = "apps.core.pages.bad_request"
handler403 = "apps.core.pages.permission_denied"
handler404 = "apps.core.pages.page_not_found"
handler500 = "apps.core.pages.server_error"
