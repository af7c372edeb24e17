"""Objects as Notion returns them."""

from typing import Any

from tests.servers.notion import values
from tests.servers.notion.rich_text import piece

Record = dict[str, Any]


class Shapes:
    """What a workspace shows of its records."""

    sources: dict[str, Record]
    databases: dict[str, Record]

    def show_page(self, page: Record, only: set[str] | None = None) -> Record:
        """The page object."""
        source = self.sources.get(page["source"] or "")
        if source is None:
            shown: Record = {"title": {"id": "title", "type": "title", "title": [piece(page.get("title", ""))]}}
        else:
            shown = {
                column["name"]: values.show(column, page["cells"].get(column["id"]), page)
                for column in source["columns"]
                if only is None or column["id"] in only or column["name"] in only
            }
        return {
            "object": "page",
            "id": page["id"],
            "created_time": page["created_time"],
            "archived": page["in_trash"],
            "last_edited_time": page["last_edited_time"],
            "in_trash": page["in_trash"],
            "is_archived": page["in_trash"],
            "is_locked": False,
            "url": f"https://www.notion.so/{page['id'].replace('-', '')}",
            "public_url": None,
            "parent": page["parent"],
            "properties": shown,
            "icon": None,
            "cover": None,
            "created_by": page["created_by"],
            "last_edited_by": page["last_edited_by"],
        }

    def show_database(self, database: Record) -> Record:
        """The database object."""
        return {
            "object": "database",
            "id": database["id"],
            "title": database["title"],
            "description": database["description"],
            "parent": database["parent"],
            "is_inline": database["is_inline"],
            "in_trash": database["in_trash"],
            "archived": database["in_trash"],
            "is_locked": database["locked"],
            "created_time": database["created_time"],
            "last_edited_time": database["last_edited_time"],
            "icon": None,
            "cover": None,
            "public_url": None,
            "url": f"https://www.notion.so/{database['id'].replace('-', '')}",
            "data_sources": [
                {"id": key, "name": "".join(part["plain_text"] for part in self.sources[key]["title"])}
                for key in database["sources"]
            ],
        }

    def show_source(self, source: Record) -> Record:
        """The data source object."""
        database = self.databases[source["database"]]
        return {
            "object": "data_source",
            "id": source["id"],
            "title": source["title"],
            "description": source["description"],
            "parent": {"type": "database_id", "database_id": database["id"]},
            "database_parent": database["parent"],
            "is_inline": database["is_inline"],
            "in_trash": source["in_trash"] or database["in_trash"],
            "archived": source["in_trash"],
            "created_time": source["created_time"],
            "last_edited_time": source["last_edited_time"],
            "icon": None,
            "cover": None,
            "created_by": source["created_by"],
            "last_edited_by": source["last_edited_by"],
            "properties": {column["name"]: column for column in source["columns"]},
            "public_url": None,
            "url": f"https://www.notion.so/{source['id'].replace('-', '')}",
        }
