"""Drop prose from the generated schema and pack it: ``python -m tests.servers.notion.oracle.trim schema.json``."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any


def trim(node: Any, *, names: bool = False) -> Any:
    """The schema without descriptions; ``names`` is True inside ``properties``, where every key is a field's name."""
    if isinstance(node, dict):
        return {
            key: trim(value, names=key in ("properties", "definitions"))
            for key, value in node.items()
            if names or key not in ("description", "deprecated", "$comment")
        }
    if isinstance(node, list):
        return [trim(entry) for entry in node]
    return node


if __name__ == "__main__":
    packed = gzip.compress(
        json.dumps(trim(json.loads(Path(sys.argv[1]).read_text())), separators=(",", ":")).encode(), mtime=0
    )
    Path(__file__).with_name("schema.json.gz").write_bytes(packed)
