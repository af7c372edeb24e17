"""Pages about secrets, below /secrets/."""

from django.urls import path

from apps.workflows.secrets import views

app_name = "secrets"
urlpatterns = [
    path("", views.secret_list, name="secret_list"),
    path("new/", views.secret_create, name="secret_create"),
    path("<uuid:secret_id>/", views.secret_detail, name="secret_detail"),
    path("<uuid:secret_id>/replace/", views.secret_replace, name="secret_replace"),
    path("<uuid:secret_id>/delete/", views.secret_delete, name="secret_delete"),
]
