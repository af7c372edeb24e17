"""Pages about people, the same on every host."""

from django.urls import path

from apps.accounts import views

app_name = "accounts"
urlpatterns = [
    path("accounts/enter/", views.enter, name="enter"),
    path("accounts/enter/done/", views.enter_done, name="enter_done"),
    path("accounts/api-sessions/", views.api_session_list, name="api_session_list"),
    path("accounts/api-sessions/<uuid:session_id>/revoke/", views.api_session_revoke, name="api_session_revoke"),
    path("invitations/<str:token>/", views.invitation_accept, name="invitation_accept"),
    path("settings/members/", views.member_list, name="member_list"),
    path("settings/members/<int:membership_id>/role/", views.member_change, name="member_change"),
    path("settings/members/<int:membership_id>/remove/", views.member_remove, name="member_remove"),
    path("settings/invitations/<int:invitation_id>/revoke/", views.invitation_revoke, name="invitation_revoke"),
]
