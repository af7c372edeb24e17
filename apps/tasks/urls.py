"""Task pages of the portal."""

from django.urls import path

from apps.tasks import inbox, views

app_name = "tasks"
urlpatterns = [
    path("", views.task_list, name="task_list"),
    path("new/", views.task_create, name="task_create"),
    path("bulk/", views.task_bulk, name="task_bulk"),
    path("inbox/", inbox.inbox_list, name="inbox_list"),
    path("inbox/<uuid:task_id>/decide/", inbox.inbox_decide, name="inbox_decide"),
    path("inbox/<uuid:task_id>/undo/", inbox.decision_undo, name="decision_undo"),
    path("<uuid:task_id>/", views.task_detail, name="task_detail"),
    path("<uuid:task_id>/review/", views.task_review, name="task_review"),
    path("<uuid:task_id>/retry/", views.task_retry, name="task_retry"),
    path("<uuid:task_id>/cancel/", views.task_cancel, name="task_cancel"),
    path("<uuid:task_id>/cancel/undo/", views.task_cancel_undo, name="task_cancel_undo"),
]
