"""Prometheus counters of this process, and gauges read from the queue when scraped."""

from prometheus_client import Counter, Gauge, Histogram

CLAIMED = Counter("dispatch_claimed_total", "Work items claimed.", ["kind"])
SETTLED = Counter("dispatch_settled_total", "Work items settled, by the state they moved to.", ["state"])
REFUSED = Counter("dispatch_settle_refused_total", "Settlements refused because the item was fenced out or cancelled.")
SWEPT = Counter("dispatch_swept_total", "Running items taken from dead or late owners.", ["why"])
FIRED = Counter("dispatch_fired_total", "Items created by schedules.")
WAKEUPS = Counter("dispatch_wakeups_total", "Wake-ups by what became of them.", ["outcome"])
WAITED = Histogram(
    "dispatch_start_delay_seconds",
    "From due to claimed.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300),
)
IN_FLIGHT = Gauge("dispatch_in_flight", "Items held by this process.", ["queue"])
LEASE_AGE = Gauge("dispatch_lease_age_seconds", "Since this process last renewed its lease.")
