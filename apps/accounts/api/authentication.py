"""Access tokens in the ``Authorization`` header, valid for the tenant of the host only."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from apps.accounts.errors import InvalidToken
from apps.accounts.selectors import get_membership
from apps.accounts.services.tokens import read_access

SCHEME = b"bearer"


class TenantTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access token>``; also sets ``request.membership``, which permissions read."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Person and claims; None when there is no such header. Raises ``InvalidToken``."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != SCHEME:
            return None
        tenant = request._request.tenant
        if tenant is None or len(parts) != 2:
            raise InvalidToken
        claims = read_access(token=parts[1].decode("ascii", "replace"), tenant_id=tenant.id, epoch=tenant.epoch)
        membership = get_membership(user_id=claims.user_id, tenant_id=tenant.id)
        if membership is None:
            raise InvalidToken(detail="no membership any more")
        request._request.membership = membership
        return membership.user, claims

    def authenticate_header(self, request: Request) -> str:
        """Challenge of a 401 answer."""
        return 'Bearer realm="api"'
