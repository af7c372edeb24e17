"""The back office: shared tables on the platform's own host, a workspace's tables on its host while staff are inside it."""

from collections.abc import Callable
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from apps.core.errors import NotFound
from apps.core.fields import EncryptedTextField
from apps.core.policy import public

# Called with the site when its addresses are built, after every package has registered its own.
late_registrations: list[Callable[[admin.AdminSite], None]] = []


def is_tenant_plane(model: type[Any]) -> bool:
    """Whether the model's table lives in tenant schemas; such a model has no table on the platform's host."""
    return apps.get_app_config(model._meta.app_label).name in settings.TENANT_APPS


class BackOfficeSite(UnfoldAdminSite):  # type: ignore[misc]
    """Refuses tenant hosts, and staff without a second factor where one is required."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register shared models here and those of tenants with the ``workspace_office``."""
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        for model in models:
            if is_tenant_plane(model):
                workspace_office.register(model, admin_class, **options)
            else:
                super().register([model], admin_class, **options)

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


class WorkspaceOffice(UnfoldAdminSite):  # type: ignore[misc]
    """The tables of one workspace, on its own host, to be looked at by staff during a recorded stay there.

    Everybody else finds nothing. ``request.user`` is then the person acted as, so this site asks ``request.staff_access``
    and lets nobody add, change or delete; actions call services in that person's name.
    """

    site_title = site_header = index_title = _("Workspace records")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a model of the tenant plane with its lists made look-only."""
        super().register(model_or_iterable, type("Records", (LookedAt, admin_class or ModelAdmin), {}), **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff inside this workspace."""
        return getattr(request, "staff_access", None) is not None

    @public(reason="Answers that there is nothing here.")
    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """There is no way in from here: staff enter from the platform's back office."""
        raise NotFound


class LookOnly:
    """Rows that only the product writes: nobody adds, changes or deletes them by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class LookedAt(LookOnly):
    """Every list, record and inline of a workspace; secrets stay closed."""

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Encrypted columns besides what the list itself leaves out."""
        fields = self.model._meta.get_fields()  # type: ignore[attr-defined]
        secret = [field.name for field in fields if isinstance(field, EncryptedTextField)]
        return [*(super().get_exclude(request, obj) or ()), *secret]  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Staff inside the workspace."""
        return workspace_office.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Staff inside the workspace."""
        return workspace_office.has_permission(request)


def has_second_factor(user: Any) -> bool:
    """Whether an authenticator app or a passkey is set up."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists())


workspace_office = WorkspaceOffice(name="workspace_office")


class ReadOnly(LookOnly, ModelAdmin):  # type: ignore[misc]
    """Rows written by the platform itself: to be looked at."""

    list_per_page = 50
    show_full_result_count = False
    actions: ClassVar[list[Any]] = []
