"""Pages about runs and workflows on a tenant's host."""

from django.urls import path

from apps.workflows import views

app_name = "workflows"
urlpatterns = [
    path("runs/", views.run_list, name="run_list"),
    path("runs/compare/", views.run_compare, name="run_compare"),
    path("runs/<uuid:run_id>/", views.run_detail, name="run_detail"),
    path("runs/<uuid:run_id>/retry/", views.run_retry, name="run_retry"),
    path("runs/<uuid:run_id>/replay/", views.run_replay, name="run_replay"),
    path("runs/<uuid:run_id>/cancel/", views.run_cancel, name="run_cancel"),
    path("runs/<uuid:run_id>/cancel/undo/", views.run_cancel_undo, name="run_cancel_undo"),
    path("runs/effects/<uuid:effect_id>/", views.effect_resolve, name="effect_resolve"),
    path("workflows/", views.workflow_list, name="workflow_list"),
]
