"""Pages about people, the same on every host."""

from django.urls import path

from apps.accounts.views import entering, invitations, members, preferences, profile, sessions, staff_access

app_name = "accounts"
urlpatterns = [
    path("accounts/enter/", entering.enter, name="enter"),
    path("accounts/enter/done/", entering.enter_done, name="enter_done"),
    path("accounts/preferences/", preferences.preferences_change, name="preferences_change"),
    path("accounts/api-sessions/", sessions.api_session_list, name="api_session_list"),
    path("accounts/api-sessions/<uuid:session_id>/revoke/", sessions.api_session_revoke, name="api_session_revoke"),
    path("accounts/sessions/<int:session_id>/end/", sessions.session_end, name="session_end"),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation_accept"),
    path("staff-access/end/", staff_access.leave, name="staff_access_leave"),
    path("settings/support-access/", staff_access.staff_access_list, name="staff_access_list"),
    path("settings/support-access/<int:access_id>/end/", staff_access.staff_access_end, name="staff_access_end"),
    path("settings/members/", members.member_list, name="member_list"),
    path("settings/roles/", members.role_list, name="role_list"),
    path("accounts/profile/", profile.profile, name="profile"),
    path("accounts/security/", profile.security, name="security"),
    path("settings/members/<int:membership_id>/role/", members.member_change, name="member_change"),
    path("settings/members/<int:membership_id>/remove/", members.member_remove, name="member_remove"),
    path("settings/invitations/<int:invitation_id>/revoke/", invitations.invitation_revoke, name="invitation_revoke"),
]
