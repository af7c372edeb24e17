"""Names the access token in the API description."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class TenantTokenScheme(OpenApiAuthenticationExtension):
    """``Authorization: Bearer <access token>``."""

    target_class = "apps.accounts.api.authentication.TenantTokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """As OpenAPI 3.1 describes it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
