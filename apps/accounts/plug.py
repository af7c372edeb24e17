"""What accounts offers to the platform."""

from apps.accounts.api import schema  # noqa: F401 - registers itself with the API description
