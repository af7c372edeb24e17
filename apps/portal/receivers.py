"""Loads the portal's receivers."""

from apps.portal.pwa import receivers  # noqa: F401 - importing connects them
