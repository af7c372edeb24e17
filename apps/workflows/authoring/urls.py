"""Pages of the workflow designer on a tenant's host."""

from django.urls import path

from apps.workflows.authoring import views

app_name = "authoring"
urlpatterns = [
    path("", views.suggestion_create, name="suggestion_create"),
    path("<uuid:suggestion_id>/", views.suggestion_detail, name="suggestion_detail"),
    path("<uuid:suggestion_id>/retry/", views.suggestion_retry, name="suggestion_retry"),
    path("<uuid:suggestion_id>/take/", views.suggestion_take, name="suggestion_take"),
]
