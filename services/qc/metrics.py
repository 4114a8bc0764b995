"""What qc counts for whoever runs it, at `/metrics`."""

from contextlib import suppress

from prometheus_client import Counter, Gauge, Histogram

from libs.metrics import REGISTRY

OF_MODEL = ["provider", "model"]
CALLS_ALLOWED = Gauge(
    "aiqc_provider_calls_allowed", "Calls at a time that a model gets.", OF_MODEL, registry=REGISTRY
)
CALLS_IN_FLIGHT = Gauge(
    "aiqc_provider_calls_in_flight", "Calls under way.", OF_MODEL, registry=REGISTRY
)
CALLS_WAITING = Gauge(
    "aiqc_provider_calls_waiting", "Calls that wait for a place.", registry=REGISTRY
)
CALLS_TURNED_AWAY = Counter(
    "aiqc_provider_calls_turned_away", "Answers of 429: too much.", OF_MODEL, registry=REGISTRY
)
CALL_WAIT = Histogram(
    "aiqc_provider_call_wait_seconds",
    "Time from wanting to call to having a place.",
    ["provider"],
    registry=REGISTRY,
    buckets=(0.01, 0.1, 0.5, 2, 10, 60, 300),
)
ANALYSES_QUEUED = Gauge(
    "aiqc_analyses_queued", "Analyses that wait for a worker, when last looked.", registry=REGISTRY
)
QUEUE_REFUSALS = Counter(
    "aiqc_queue_refusals", "Uploads that were refused: the queue was full.", registry=REGISTRY
)
CANCELLED = Counter(
    "aiqc_analyses_cancelled", "Analyses that somebody ended early.", registry=REGISTRY
)


def forget(provider: str, model: str) -> None:
    """Show a model no more."""
    for metric in (CALLS_ALLOWED, CALLS_IN_FLIGHT, CALLS_TURNED_AWAY):
        with suppress(KeyError):
            metric.remove(provider, model)
