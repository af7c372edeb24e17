"""Pages about triggers, below /triggers/."""

from django.urls import path

from apps.workflows.triggers import views

app_name = "triggers"
urlpatterns = [
    path("", views.trigger_list, name="trigger_list"),
    path("schedule/", views.schedule_try, name="schedule_try"),
    path("<uuid:trigger_id>/", views.trigger_detail, name="trigger_detail"),
    path("<uuid:trigger_id>/off/", views.trigger_off, name="trigger_off"),
    path("<uuid:trigger_id>/on/", views.trigger_on, name="trigger_on"),
    path("<uuid:trigger_id>/secret/", views.trigger_rotate, name="trigger_rotate"),
    path("firings/<uuid:firing_id>/replay/", views.firing_replay, name="firing_replay"),
]
