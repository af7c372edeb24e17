"""Addresses under ``/api/v1/auth/``."""

from django.urls import path

from apps.accounts.api.views import RefreshView, RevokeView, TokenView

app_name = "auth"
urlpatterns = [
    path("token/", TokenView.as_view(), name="token_create"),
    path("refresh/", RefreshView.as_view(), name="token_refresh"),
    path("revoke/", RevokeView.as_view(), name="token_revoke"),
]
