"""Pages about people, the same on every host."""

from django.urls import path

from apps.accounts.views import entering, invitations, members, preferences, sessions

app_name = "accounts"
urlpatterns = [
    path("accounts/enter/", entering.enter, name="enter"),
    path("accounts/enter/done/", entering.enter_done, name="enter_done"),
    path("accounts/preferences/", preferences.preferences_change, name="preferences_change"),
    path("accounts/api-sessions/", sessions.api_session_list, name="api_session_list"),
    path("accounts/api-sessions/<uuid:session_id>/revoke/", sessions.api_session_revoke, name="api_session_revoke"),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation_accept"),
    path("settings/members/", members.member_list, name="member_list"),
    path("settings/members/<int:membership_id>/role/", members.member_change, name="member_change"),
    path("settings/members/<int:membership_id>/remove/", members.member_remove, name="member_remove"),
    path("settings/invitations/<int:invitation_id>/revoke/", invitations.invitation_revoke, name="invitation_revoke"),
]
