"""What apps let pages watch."""

from apps.core.registry import Registry
from apps.live.contracts import LiveTopic

live_topics: Registry[LiveTopic] = Registry(name="live.topics", entry_type=LiveTopic, key=lambda topic: topic.kind)
