"""What accounts offers to the platform."""

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _

from apps.accounts.api import schema  # noqa: F401 - registers itself with the API description
from apps.core.back_office import late_registrations
from apps.core.navigation import NavigationItem, navigation


def _register_third_party(site: AdminSite) -> None:
    from apps.accounts.admin import register_third_party

    register_third_party(site)


late_registrations.append(_register_third_party)
for item in (
    NavigationItem(
        url_name="accounts:member_list", label=_("People"), icon="users", order=410, permission="members.view",
        group="settings", also=frozenset({"accounts:role_list", "tenants:invitation_create"}),
    ),
    NavigationItem(
        url_name="accounts:profile", label=_("Your profile"), icon="user", order=430, permission="workspace.view",
        group="settings",
    ),
    NavigationItem(
        url_name="accounts:security", label=_("Sign-in and security"), icon="shield-check", order=440,
        permission="workspace.view", group="settings", also=frozenset({
            "account_email", "account_change_password", "account_set_password", "mfa_index", "mfa_list_webauthn",
            "mfa_add_webauthn", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
            "mfa_generate_recovery_codes", "usersessions_list", "accounts:api_session_list", "socialaccount_connections",
        }),
    ),
):  # fmt: skip
    navigation.register(item)
