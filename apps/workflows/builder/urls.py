"""Addresses below /workflows/."""

from django.urls import path

from apps.workflows.builder import inspecting, pages, trials, views

urlpatterns = [
    path("new/", pages.workflow_create, name="workflow_create"),
    path("<slug:slug>/", pages.workflow_detail, name="workflow_detail"),
    path("<slug:slug>/states/", pages.workflow_states, name="workflow_states"),
    path("<slug:slug>/run/", pages.workflow_run, name="workflow_run"),
    path("<slug:slug>/rename/", pages.workflow_rename, name="workflow_rename"),
    path("<slug:slug>/export/", pages.workflow_export, name="workflow_export"),
    path("<slug:slug>/archive/", pages.workflow_archive, name="workflow_archive"),
    path("<slug:slug>/restore/", pages.workflow_restore, name="workflow_restore"),
    path("<slug:slug>/publish/", pages.workflow_publish, name="workflow_publish"),
    path("<slug:slug>/versions/", pages.workflow_versions, name="workflow_versions"),
    path("<slug:slug>/versions/compare/", pages.workflow_compare, name="workflow_compare"),
    path("<slug:slug>/versions/rollback/", pages.workflow_rollback, name="workflow_rollback"),
    path("<slug:slug>/edit/", views.builder, name="builder"),
    path("<slug:slug>/edit/draft/", views.draft_change, name="draft_change"),
    path("<slug:slug>/edit/undo/", views.draft_undo, name="draft_undo"),
    path("<slug:slug>/edit/redo/", views.draft_redo, name="draft_redo"),
    path("<slug:slug>/edit/discard/", views.draft_discard, name="draft_discard"),
    path("<slug:slug>/edit/step/", inspecting.draft_step, name="draft_step"),
    path("<slug:slug>/edit/sample/", inspecting.draft_sample, name="draft_sample"),
    path("<slug:slug>/test/", trials.workflow_test, name="workflow_test"),
]
