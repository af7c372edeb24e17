"""Secrets of workflows in the portal and over HTTP; the acts themselves are in ``services.secrets``."""
