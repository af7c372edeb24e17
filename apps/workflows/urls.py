"""Pages about runs and workflows on a tenant's host."""

from django.urls import include, path

from apps.workflows import published, views
from apps.workflows.analytics import views as analytics
from apps.workflows.approvals import rule_views as rules
from apps.workflows.approvals import views as approvals
from apps.workflows.whatif import views as whatif

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
    path("workflows/definition.schema.json", published.definition_schema, name="definition_schema"),
    path("workflows/", views.workflow_list, name="workflow_list"),
    path("workflows/<slug:slug>/what-if/", whatif.what_if_create, name="what_if_create"),
    path("workflows/<slug:slug>/analytics/", analytics.analytics, name="analytics"),
    path("workflows/<slug:slug>/analytics.csv", analytics.analytics_csv, name="analytics_csv"),
    path("workflows/<slug:slug>/propose/", whatif.proposal_create, name="proposal_create"),
    path("what-if/<uuid:what_if_id>/", whatif.what_if_detail, name="what_if_detail"),
    path("what-if/<uuid:what_if_id>/cancel/", whatif.what_if_cancel, name="what_if_cancel"),
    path("proposals/<uuid:proposal_id>/", whatif.proposal_detail, name="proposal_detail"),
    path("proposals/<uuid:proposal_id>/decide/", whatif.proposal_decide, name="proposal_decide"),
    path("proposals/policy/", whatif.healing_policy, name="healing_policy"),
    path("approvals/", approvals.approval_list, name="approval_list"),
    path("approvals/deputies/", approvals.deputy_list, name="deputy_list"),
    path("approvals/deputies/new/", approvals.deputy_create, name="deputy_create"),
    path("approvals/deputies/<uuid:deputy_id>/end/", approvals.deputy_end, name="deputy_end"),
    path("approvals/rules/", rules.rule_list, name="rule_list"),
    path("approvals/rules/new/", rules.rule_create, name="rule_create"),
    path("approvals/rules/<uuid:rule_id>/end/", rules.rule_end, name="rule_end"),
    path("approvals/rules/<uuid:rule_id>/renew/", rules.rule_renew, name="rule_renew"),
    path("approvals/link/<str:token>/", approvals.approval_link, name="approval_link"),
    path("approvals/<uuid:approval_id>/", approvals.approval_detail, name="approval_detail"),
    path("approvals/<uuid:approval_id>/decide/", approvals.approval_decide, name="approval_decide"),
    path("approvals/<uuid:approval_id>/edit/", approvals.approval_edit, name="approval_edit"),
    path("approvals/<uuid:approval_id>/undo/", approvals.approval_undo, name="approval_undo"),
    path("workflows/", include("apps.workflows.builder.urls")),
]
