"""Token endpoints of a tenant's API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.serializers import CredentialsIn, RefreshIn, TokenPairOut
from apps.accounts.api.throttles import ByAccount, ByAddress, Refreshes
from apps.accounts.services.credentials import check_credentials
from apps.accounts.services.tokens import TokenPair, refresh_session, revoke_session, start_session
from apps.core.errors import NotFound


class _TokenView(APIView):
    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    def tenant(self, request: Request) -> Any:
        """The host's tenant. Raises ``NotFound`` on the platform's host, which has no API of its own."""
        if request._request.tenant is None:
            raise NotFound
        return request._request.tenant


class TokenView(_TokenView):
    """Sign in with address, password and, where there is one, the second factor."""

    throttle_classes = [ByAddress, ByAccount]

    @extend_schema(request=CredentialsIn, responses=TokenPairOut, summary="Sign in", tags=["auth"])
    def post(self, request: Request) -> Response:
        """A pair of tokens."""
        given = CredentialsIn(data=request.data)
        given.is_valid(raise_exception=True)
        details, tenant = given.validated_data, self.tenant(request)
        person = check_credentials(
            request=request._request, email=details["email"], password=details["password"], code=details["code"],
            tenant_id=tenant.id,
        )  # fmt: skip
        label = details["label"] or request.headers.get("User-Agent", "")
        return _answer(start_session(person=person, tenant_id=tenant.id, epoch=tenant.epoch, label=label))


class RefreshView(_TokenView):
    """Exchange a refresh token."""

    throttle_classes = [Refreshes]

    @extend_schema(request=RefreshIn, responses=TokenPairOut, summary="Exchange a refresh token", tags=["auth"])
    def post(self, request: Request) -> Response:
        """A new pair; the old refresh token is spent."""
        given = RefreshIn(data=request.data)
        given.is_valid(raise_exception=True)
        tenant = self.tenant(request)
        return _answer(
            refresh_session(refresh=given.validated_data["refresh"], tenant_id=tenant.id, epoch=tenant.epoch)
        )


class RevokeView(_TokenView):
    """Sign out."""

    throttle_classes = [Refreshes]

    @extend_schema(request=RefreshIn, responses={204: None}, summary="Sign out", tags=["auth"])
    def post(self, request: Request) -> Response:
        """204, whether the token was valid or not."""
        given = RefreshIn(data=request.data)
        given.is_valid(raise_exception=True)
        revoke_session(refresh=given.validated_data["refresh"], tenant_id=self.tenant(request).id)
        return Response(status=204)


def _answer(pair: TokenPair) -> Response:
    body = TokenPairOut({**pair.__dict__, "token_type": "Bearer"}).data
    return Response(body, headers={"Cache-Control": "no-store"})
