"""A stateful stand-in for Notion: the wire protocol of version 2025-09-03 over real HTTP, with faults on command."""

from tests.servers.notion.server import PARENT_PAGE_ID, TOKEN, NotionServer

__all__ = ["PARENT_PAGE_ID", "TOKEN", "NotionServer"]
