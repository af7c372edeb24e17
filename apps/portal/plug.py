"""Entries of the portal's side bar."""

from django.utils.translation import gettext_lazy as _

from apps.core.navigation import NavigationItem, navigation
from apps.tasks.enums import TaskState
from apps.tasks.facade import count_tasks_by_state

navigation.register(
    NavigationItem(
        url_name="portal:home", label=_("Home"), icon="house", order=10, permission="tasks.view", on_phone=True
    )
)
navigation.register(
    NavigationItem(
        url_name="tasks:inbox_list",
        label=_("Inbox"),
        icon="inbox",
        order=20,
        permission="tasks.view",
        on_phone=True,
        count=lambda: count_tasks_by_state().get(TaskState.REVIEW, 0),
    )
)
navigation.register(
    NavigationItem(
        url_name="tasks:task_create",
        label=_("New task"),
        icon="plus",
        order=30,
        permission="tasks.create",
        on_phone=True,
    )
)
navigation.register(
    NavigationItem(
        url_name="tasks:task_list",
        label=_("Tasks"),
        icon="list-checks",
        order=40,
        permission="tasks.view",
        on_phone=True,
        also=frozenset({"tasks:task_detail", "tasks:task_review"}),
    )
)
