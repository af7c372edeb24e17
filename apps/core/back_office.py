"""The back office on the platform's own host: staff only, shared tables only."""

from collections.abc import Callable
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

# Called with the site when its addresses are built, after every package has registered its own.
late_registrations: list[Callable[[admin.AdminSite], None]] = []


def is_tenant_plane(model: type[Any]) -> bool:
    """Whether the model's table lives in tenant schemas; such a model cannot be listed here, there is no table."""
    return apps.get_app_config(model._meta.app_label).name in settings.TENANT_APPS


class BackOfficeSite(UnfoldAdminSite):  # type: ignore[misc]
    """Refuses models of the tenant plane, tenant hosts, and staff without a second factor where one is required."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register shared models; those of tenants are left out without complaint, so that apps can register all of theirs."""
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        shared = [model for model in models if not is_tenant_plane(model)]
        if shared:
            super().register(shared, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """The addresses, after our lists took the place of the packages' own."""
        while late_registrations:
            late_registrations.pop()(self)
        return list(super().get_urls())

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff on the platform's host, with a second factor where ``STAFF_SECOND_FACTOR_REQUIRED`` says so."""
        if getattr(request, "tenant", None) is not None or not super().has_permission(request):
            return False
        return not settings.STAFF_SECOND_FACTOR_REQUIRED or has_second_factor(request.user)


def has_second_factor(user: Any) -> bool:
    """Whether an authenticator app or a passkey is set up."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists())


class ReadOnly(ModelAdmin):  # type: ignore[misc]
    """Rows written by the platform itself: to be looked at."""

    list_per_page = 50
    show_full_result_count = False
    actions: ClassVar[list[Any]] = []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
