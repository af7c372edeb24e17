"""Addresses of the platform's own host: sign-up, sign-in, back office, webhooks."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("apps.portal.pwa.urls")),
    path("", include("apps.workflows.urls_public")),
    path("", include("apps.portal.website.urls")),
    path("", include("apps.accounts.urls")),
    path("", include("apps.tenants.urls_platform")),
    path("accounts/", include("allauth.urls")),
    path("stripe/", include("djstripe.urls", namespace="djstripe")),
]

handler400 = "apps.core.pages.bad_request"
handler403 = "apps.core.pages.permission_denied"
handler404 = "apps.core.pages.page_not_found"
handler429 = "apps.core.pages.too_many_requests"
handler500 = "apps.core.pages.server_error"
