"""What the services count, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "aiqc_http_request_seconds",
    "Time from the first byte of a request to the last of its answer.",
    ["service", "method", "route", "status"],
    registry=REGISTRY,
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
OUTBOX_SENT = Counter(
    "aiqc_outbox_events", "Usage events by what became of them.", ["result"], registry=REGISTRY
)
TRIAGED = Counter(
    "aiqc_triaged_checks",
    "Checks that a cheap model was asked first: why the strong one was wanted, whether it agreed.",
    ["model", "reason", "agreed"],
    registry=REGISTRY,
)
