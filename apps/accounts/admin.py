"""People in the back office, third-party tables about them included."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from apps.accounts import models
from apps.accounts.enums import AccessEnd
from apps.accounts.services.staff_access import end_access
from apps.accounts.services.tokens import revoke_all_sessions
from apps.core.back_office import ReadOnly


class MembershipInline(TabularInline):
    """A person's places."""

    model = models.Membership
    extra = 0
    fields = ("tenant", "role", "created_at")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People join by invitation."""
        return False


@admin.register(models.User)
class UserAdmin(ModelAdmin):
    """Staff rights are given by superusers only; passwords are never typed in here."""

    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "joined_at", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "language")
    search_fields = ("email", "name")
    fields = (
        "email", "name", "language", "time_zone", "is_active", "is_staff", "is_superuser", "groups", "joined_at", "last_login",
    )  # fmt: skip
    readonly_fields = ("joined_at", "last_login")
    filter_horizontal = ("groups",)
    inlines = (MembershipInline,)
    list_per_page = 50
    actions = ("sign_out_of_api",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Rights and address are fixed for staff who are no superusers."""
        fixed = () if request.user.is_superuser else ("email", "is_staff", "is_superuser", "groups")
        return (*self.readonly_fields, *fixed)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are switched off here; erasing them is a subject request."""
        return False

    @admin.action(description="End all API sessions")
    def sign_out_of_api(self, request: HttpRequest, queryset: QuerySet[models.User]) -> None:
        """Of each chosen person."""
        ended = sum(revoke_all_sessions(user_id=person.pk, reason="staff") for person in queryset)
        self.message_user(request, f"{ended} sessions ended.")


class _Looking(ModelAdmin):
    list_per_page = 50
    show_full_result_count = False
    actions: ClassVar[list[Any]] = []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


@admin.register(models.Membership)
class MembershipAdmin(_Looking):
    """Who belongs where."""

    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("user__email", "tenant__slug")
    list_select_related = ("user", "tenant")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The workspace's own owners do that."""
        return False


@admin.register(models.Invitation)
class InvitationAdmin(_Looking):
    """Offers of a role."""

    list_display = ("email", "tenant", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("role",)
    search_fields = ("email", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = ("token_hash",)


@admin.register(models.ApiSession)
class ApiSessionAdmin(_Looking):
    """Sign-ins of API clients."""

    list_display = ("user", "tenant", "label", "refreshed_at", "expires_at", "revoked_at", "revoked_reason")
    list_filter = ("revoked_reason",)
    search_fields = ("user__email", "tenant__slug", "label")
    list_select_related = ("user", "tenant")
    exclude = ("current_jti",)


@admin.register(models.SignInTicket)
class SignInTicketAdmin(_Looking):
    """Sign-ins carried from host to host."""

    list_display = ("user", "host", "created_at", "used_at")
    search_fields = ("user__email", "host")
    list_select_related = ("user",)
    exclude = ("token_hash",)


class StaffActInline(TabularInline):
    """What was asked for during a stay."""

    model = models.StaffAct
    extra = 0
    fields = ("happened_at", "method", "route", "target", "status", "request_id")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only by asking for a page."""
        return False


@admin.register(models.StaffAccess)
class StaffAccessAdmin(ReadOnly):
    """Stays of staff in workspaces, with every request made; nobody changes or deletes them."""

    list_display = ("started_at", "staff", "tenant", "acting_as_email", "reason", "expires_at", "ended_at", "ended_why")
    list_filter = ("ended_why", "started_at")
    search_fields = ("staff__email", "tenant__slug", "acting_as_email", "reason")
    list_select_related = ("staff", "tenant")
    inlines = (StaffActInline,)
    actions = ("end_now",)

    @admin.action(description="End at once")
    def end_now(self, request: HttpRequest, queryset: QuerySet[models.StaffAccess]) -> None:
        """Stays that are over keep their end."""
        open_ones = [stay.pk for stay in queryset if stay.ended_at is None]
        for access_id in open_ones:
            end_access(access_id=access_id, why=AccessEnd.LEFT)
        self.message_user(request, f"{len(open_ones)} ended.")


@admin.register(models.StaffAct)
class StaffActAdmin(ReadOnly):
    """Every request of staff inside workspaces."""

    list_display = ("happened_at", "access", "method", "route", "target", "status")
    list_filter = ("method", "status", "happened_at")
    search_fields = ("route", "request_id", "access__staff__email", "access__tenant__slug")
    list_select_related = ("access",)


class EmailAddressAdmin(ModelAdmin):
    """Addresses and whether they are proven."""

    list_display = ("email", "user", "primary", "verified")
    list_filter = ("primary", "verified")
    search_fields = ("email", "user__email")
    list_select_related = ("user",)
    raw_id_fields = ("user",)


class AuthenticatorAdmin(_Looking):
    """Second factors, without their secrets; deleting one lets a person in again who lost it."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email",)
    list_select_related = ("user",)
    exclude = ("data",)


class UserSessionAdmin(_Looking):
    """Browsers people are signed in with; deleting one ends it."""

    list_display = ("user", "ip", "created_at", "last_seen_at")
    search_fields = ("user__email", "ip")
    list_select_related = ("user",)
    exclude = ("session_key", "data")


class SocialAppAdmin(ModelAdmin):
    """Sign-in through other services."""

    list_display = ("name", "provider", "provider_id")
    search_fields = ("name", "provider")


class SocialAccountAdmin(_Looking):
    """People's accounts there."""

    list_display = ("user", "provider", "uid", "date_joined")
    list_filter = ("provider",)
    search_fields = ("user__email", "uid")
    list_select_related = ("user",)


class GroupAdmin(ModelAdmin):
    """Rights of staff."""

    search_fields = ("name",)
    filter_horizontal = ("permissions",)


THIRD_PARTY: dict[Any, type[ModelAdmin]] = {
    EmailAddress: EmailAddressAdmin, Authenticator: AuthenticatorAdmin, UserSession: UserSessionAdmin,
    SocialApp: SocialAppAdmin, SocialAccount: SocialAccountAdmin, Group: GroupAdmin,
}  # fmt: skip


def register_third_party(site: admin.AdminSite) -> None:
    """Put our lists in place of the packages' own; tokens of other services are not shown at all."""
    for model in (*THIRD_PARTY, SocialToken):
        if site.is_registered(model):
            site.unregister(model)
    for model, model_admin in THIRD_PARTY.items():
        site.register(model, model_admin)
