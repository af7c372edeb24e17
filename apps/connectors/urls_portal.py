"""Addresses of the connection pages on a tenant's host."""

from django.urls import path

from apps.connectors import pages, pages_catalogue, pages_chats, pages_conflicts, pages_sign_in

app_name = "connections"
urlpatterns = [
    path("", pages.connection_list, name="connection_list"),
    path("conflicts/", pages_conflicts.conflict_list, name="conflict_list"),
    path("conflicts/<uuid:conflict_id>/resolve/", pages_conflicts.conflict_resolve, name="conflict_resolve"),
    path("conflicts/<uuid:conflict_id>/undo/", pages_conflicts.conflict_reverse, name="conflict_reverse"),
    path("catalogue/", pages_catalogue.catalogue, name="catalogue"),
    path("catalogue/<slug:connector>/", pages_catalogue.catalogue_detail, name="catalogue_detail"),
    path("oauth/callback/", pages_sign_in.oauth_callback, name="oauth_callback"),
    path("oauth/<slug:connector>/start/", pages_sign_in.oauth_start, name="oauth_start"),
    path("new/<slug:connector>/", pages.connection_create, name="connection_create"),
    path("<uuid:connection_id>/", pages.connection_detail, name="connection_detail"),
    path("<uuid:connection_id>/reconnect/", pages.connection_reconnect, name="connection_reconnect"),
    path("<uuid:connection_id>/test/", pages.connection_test, name="connection_test"),
    path("<uuid:connection_id>/pause/", pages.connection_pause, name="connection_pause"),
    path("<uuid:connection_id>/resume/", pages.connection_resume, name="connection_resume"),
    path("<uuid:connection_id>/disconnect/", pages.connection_disconnect, name="connection_disconnect"),
    path("<uuid:connection_id>/read/", pages.connection_read, name="connection_read"),
    path("<uuid:connection_id>/chats/code/", pages_chats.chat_code, name="chat_code"),
    path("chats/<uuid:chat_id>/unlink/", pages_chats.chat_unlink, name="chat_unlink"),
    path("<uuid:connection_id>/databases/", pages.connection_schema, name="connection_schema"),
    path("<uuid:connection_id>/databases/apply/", pages.connection_set_up, name="connection_set_up"),
]
