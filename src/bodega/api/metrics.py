"""Count requests by route and answer Prometheus. Plain numbers in one thread cost less than a microsecond a request."""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Meter(Collector):
    """Counts and durations of one server process.

    Every process answers a scrape for itself, under a `worker` label: with several workers on one
    port each scrape meets one of them, and sums over `worker` are right because each series only ever grows.
    """

    def __init__(self, worker: str) -> None:
        """Take what names this process among those of the server."""
        self._worker = worker
        self._counts: dict[tuple[str, int], int] = {}
        self._buckets: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def record(self, route: str, status: int, seconds: float) -> None:
        """Count one request. Only the event loop's thread may call it."""
        cell = (route, status)
        self._counts[cell] = self._counts.get(cell, 0) + 1
        buckets = self._buckets.get(route)
        if buckets is None:
            buckets = self._buckets[route] = [0] * (len(BOUNDS) + 1)
            self._sums[route] = 0.0
        buckets[bisect_left(BOUNDS, seconds)] += 1
        self._sums[route] += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the families that Prometheus reads."""
        worker = self._worker
        requests = CounterMetricFamily(
            "bodega_http_requests", "Requests answered.", labels=("route", "status", "worker")
        )
        for (route, status), count in list(self._counts.items()):
            requests.add_metric((route, str(status), worker), count)
        yield requests
        durations = HistogramMetricFamily(
            "bodega_http_request_seconds", "Time until the answer was handed over.", labels=("route", "worker")
        )
        for route, buckets in list(self._buckets.items()):
            durations.add_metric((route, worker), _cumulative(buckets), self._sums[route])
        yield durations

    def expose(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    shown: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
        total += count
        shown.append((bound, total))
    return shown
