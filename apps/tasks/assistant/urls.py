"""Addresses of the assistant on a tenant's host."""

from django.urls import path

from apps.tasks.assistant import views

app_name = "assistant"
urlpatterns = [
    path("", views.conversation_new, name="conversation_new"),
    path("ask/", views.ask, name="ask"),
    path("<uuid:conversation_id>/", views.conversation_detail, name="conversation_detail"),
    path("<uuid:conversation_id>/delete/", views.conversation_delete, name="conversation_delete"),
]
