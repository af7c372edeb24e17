"""Pages about outgoing webhooks, below /connections/webhooks/."""

from django.urls import path

from apps.connectors.webhooks_out import pages

app_name = "webhooks"
urlpatterns = [
    path("", pages.webhook_list, name="webhook_list"),
    path("new/", pages.webhook_create, name="webhook_create"),
    path("<uuid:endpoint_id>/", pages.webhook_detail, name="webhook_detail"),
    path("<uuid:endpoint_id>/change/", pages.webhook_change, name="webhook_change"),
    path("<uuid:endpoint_id>/test/", pages.webhook_test, name="webhook_test"),
    path("<uuid:endpoint_id>/pause/", pages.webhook_pause, name="webhook_pause"),
    path("<uuid:endpoint_id>/resume/", pages.webhook_resume, name="webhook_resume"),
    path("<uuid:endpoint_id>/secret/", pages.webhook_rotate, name="webhook_rotate"),
    path("<uuid:endpoint_id>/remove/", pages.webhook_remove, name="webhook_remove"),
    path("<uuid:endpoint_id>/replay/", pages.webhook_replay_failed, name="webhook_replay_failed"),
    path("deliveries/<int:delivery_id>/replay/", pages.delivery_replay, name="delivery_replay"),
]
