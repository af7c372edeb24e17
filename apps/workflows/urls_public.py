"""What workflows publish on the platform's own host."""

from django.urls import path

from apps.workflows import published

app_name = "workflows_public"
urlpatterns = [path("workflows/definition.schema.json", published.definition_schema, name="definition_schema")]
