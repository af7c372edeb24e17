"""Gauges read from the queue when Prometheus asks, at most every few seconds."""

import logging
import time
from collections.abc import Iterator

from django.db import Error
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from apps.dispatch.selectors import count_live_workers, oldest_ready_age, queue_depth

logger = logging.getLogger(__name__)

FRESH_S = 5.0


class QueueCollector(Collector):
    """Depth by state, age of the oldest claimable item, workers with a lease. Missing while the database is away."""

    def __init__(self) -> None:
        self._read_at = float("-inf")
        self._families: list[GaugeMetricFamily] = []

    def describe(self) -> list[GaugeMetricFamily]:
        """Names without values: registering must not touch the database."""
        return self._empty()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families, read again when they are older than a few seconds."""
        if time.monotonic() - self._read_at > FRESH_S:
            try:
                self._families = self._read()
                self._read_at = time.monotonic()
            except Error:
                logger.warning("queue metrics not read", exc_info=True)
                self._families = []
        yield from self._families

    def _empty(self) -> list[GaugeMetricFamily]:
        return [
            GaugeMetricFamily("dispatch_queue_depth", "Live and dead work items.", labels=["state"]),
            GaugeMetricFamily("dispatch_oldest_ready_seconds", "Age of the longest-waiting claimable item."),
            GaugeMetricFamily("dispatch_workers", "Workers with a lease."),
        ]

    def _read(self) -> list[GaugeMetricFamily]:
        depth, oldest, workers = self._empty()
        for state, count in queue_depth().items():
            depth.add_metric([state], count)
        oldest.add_metric([], oldest_ready_age())
        workers.add_metric([], count_live_workers())
        return [depth, oldest, workers]
