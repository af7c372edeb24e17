"""Addresses of a tenant's host: the portal and its API."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
