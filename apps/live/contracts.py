"""What changed, and what a page may listen to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

CHANNEL = "live"
MAX_TOPICS = 200
MAX_FLOWS = 100


@dataclass(frozen=True, kw_only=True)
class LiveTopic:
    """A kind of thing pages can watch. ``kind`` alone ("runs") is a list of the workspace; with ``exists`` a topic is
    ``kind:id`` and listening needs both the permission and a thing of that id in the current tenant."""

    kind: str
    permission: str
    exists: Callable[[str], bool] | None = None


@dataclass(slots=True)
class Change:
    """Topics that changed, up to event ``id``. Merging keeps its size bounded, whatever happens in between.

    ``more`` says that topics were left out, so every single thing may have changed. ``flows`` counts, per workflow, how many
    runs came into each state.
    """

    id: int = 0
    topics: dict[str, None] = field(default_factory=dict)
    flows: dict[str, dict[str, int]] = field(default_factory=dict)
    more: bool = False

    def add(self, topics: Iterable[str], flows: Mapping[str, Mapping[str, int]] | None = None) -> None:
        """Note topics and flows."""
        for topic in topics:
            if topic not in self.topics and len(self.topics) >= MAX_TOPICS:
                self.more = True
                break
            self.topics[topic] = None
        for workflow, states in (flows or {}).items():
            if workflow not in self.flows and len(self.flows) >= MAX_FLOWS:
                continue
            counts = self.flows.setdefault(workflow, {})
            for state, count in states.items():
                counts[state] = counts.get(state, 0) + count

    def merge(self, other: "Change") -> None:
        """Take over a later change."""
        self.id = max(self.id, other.id)
        self.more = self.more or other.more
        self.add(other.topics, other.flows)

    def touches(self, topic: str) -> bool:
        """Whether the topic changed, or may have."""
        return topic in self.topics or (self.more and ":" in topic)

    def to_json(self) -> dict[str, Any]:
        """The stored form, without the id."""
        stored: dict[str, Any] = {"topics": list(self.topics)}
        if self.flows:
            stored["flows"] = self.flows
        if self.more:
            stored["more"] = True
        return stored

    @classmethod
    def from_json(cls, notice_id: int, stored: Mapping[str, Any]) -> "Change":
        """A stored notice."""
        return cls(
            id=notice_id,
            topics=dict.fromkeys(stored.get("topics", ())),
            flows={name: dict(states) for name, states in stored.get("flows", {}).items()},
            more=bool(stored.get("more")),
        )
