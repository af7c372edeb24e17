"""Addresses of the task endpoints, below /api/v1/."""

from django.urls import path

from apps.tasks.api import views

app_name = "tasks_api"

urlpatterns = [
    path("tasks/", views.TaskListView.as_view(), name="task_list"),
    path("tasks/<uuid:task_id>/", views.TaskDetailView.as_view(), name="task_detail"),
    path("tasks/<uuid:task_id>/review/", views.TaskReviewView.as_view(), name="task_review"),
    path("tasks/<uuid:task_id>/retry/", views.TaskRetryView.as_view(), name="task_retry"),
    path("tasks/<uuid:task_id>/cancel/", views.TaskCancelView.as_view(), name="task_cancel"),
    path(
        "tasks/<uuid:task_id>/attachments/<uuid:attachment_id>/",
        views.TaskAttachmentView.as_view(),
        name="task_attachment",
    ),
    path("task-types/", views.TaskTypeListView.as_view(), name="task_type_list"),
]
