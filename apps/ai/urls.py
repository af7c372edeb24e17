"""Addresses of the pages about money and models."""

from django.urls import path

from apps.ai.pages import budgets, calls, models, usage

app_name = "costs"
urlpatterns = [
    path("", usage.usage, name="usage"),
    path("calls.csv", usage.usage_csv, name="usage_csv"),
    path("calls/", calls.call_list, name="call_list"),
    path("calls/<uuid:call_id>/", calls.call_detail, name="call_detail"),
    path("models/", models.model_list, name="model_list"),
    path("prices/", models.price_list, name="price_list"),
    path("budgets/", budgets.budget_list, name="budget_list"),
    path("budgets/new/", budgets.budget_create, name="budget_create"),
    path("budgets/<int:budget_id>/", budgets.budget_edit, name="budget_edit"),
    path("budgets/<int:budget_id>/disable/", budgets.budget_disable, name="budget_disable"),
    path("budgets/restore/<str:kept>/", budgets.budget_restore, name="budget_restore"),
]
