"""Preflight: does Notion answer, does the installation's token work, is the page for the databases shared with it."""

from __future__ import annotations

from django.conf import settings

from apps.connectors.conf import operator_address
from apps.connectors.contracts import RateRule
from apps.connectors.errors import AccessMissing, CredentialsRefused, RemoteNotFound
from apps.connectors.providers.notion.client import BASE_URL, Access, NotionClient
from apps.core.errors import PlatformError
from apps.core.preflight import Finding, failed, ok, skipped


def notion() -> Finding:
    """One or two reads with NOTION_TOKEN; nothing is written. Workspaces that bring their own token are not asked for."""
    token = settings.ENV.notion_token
    if token is None:
        return skipped("NOTION_TOKEN is not set: workspaces connect Notion themselves on the Connections page")
    address = (operator_address() or BASE_URL).rstrip("/")
    parent = settings.ENV.notion_parent_page_id or ""
    client = NotionClient(
        Access(base_url=address, token=token.get_secret_value(), budget_key="", rule=RateRule(calls=180), operator=True)
    )
    try:
        name = str((client.me().get("bot") or {}).get("workspace_name") or "a workspace")
        if not parent:
            return failed(
                f"{address} knows the token of {name}, but NOTION_PARENT_PAGE_ID is not set",
                next_step="Set NOTION_PARENT_PAGE_ID to the id of the page that shall hold the databases.",
            )
        client.child_databases(parent)
    except CredentialsRefused:
        return failed(f"{address} refuses NOTION_TOKEN", next_step="Copy the integration's secret again.")
    except (RemoteNotFound, AccessMissing):
        return failed(
            f"{address} does not show page {parent} to the integration",
            next_step="Open the page in Notion, choose Connections in its menu and add the integration.",
        )
    except PlatformError as error:
        return failed(f"{address}: {error.text}", next_step="Check NOTION_BASE_URL and the network.")
    finally:
        client.close()
    return ok(f"{address} answers as {name}; the page for the databases is shared")
