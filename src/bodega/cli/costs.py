"""Reckon what a deployed shop costs: a month in which nobody comes, and a million requests."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

_PRICES = Path(__file__).parent / "prices.toml"
_HOURS = 730
_MINUTES = _HOURS * 60
_SECONDS = _MINUTES * 60
_MILLION = 1_000_000
_CHECKOUTS = 0.02  # of all requests


class Prices(NamedTuple):
    """Prices by name in US dollars, with their units, where they come from, and as of which day."""

    as_of: date
    usd: Mapping[str, float]
    units: Mapping[str, str]
    sources: Mapping[str, str]


class Item(NamedTuple):
    """So many units of something: `price` names it."""

    what: str
    units: float
    price: str


class Bill(NamedTuple):
    """What a shape costs. idle: items of a month; busy: items of a million requests to the shop's origin."""

    shape: str
    idle: Sequence[Item]
    busy: Sequence[Item]
    prices: Prices

    def cost(self, items: Sequence[Item]) -> float:
        """Return US dollars."""
        return sum(item.units * self.prices.usd[item.price] for item in items)

    def lines(self, *, details: bool = False) -> Iterator[str]:
        """Yield what people read."""
        yield f"Costs as of {self.prices.as_of} in US dollars, us-east-1, free tiers left out (bodega cost says more):"
        for title, items in (("a month in which nobody comes", self.idle), ("a million requests", self.busy)):
            yield f"  {title}: {self.cost(items):,.2f}"
            if details:
                yield from (f"    {self._line(item)}" for item in items)

    def _line(self, item: Item) -> str:
        usd = item.units * self.prices.usd[item.price]
        return f"{usd:9.2f}  {item.what} ({self.prices.units[item.price]}; {self.prices.sources[item.price]})"


def read_prices(path: Path = _PRICES) -> Prices:
    """Return the table of prices."""
    table: Any = tomllib.loads(path.read_text())
    rows = table["prices"]
    return Prices(
        table["date"],
        {name: float(row["usd"]) for name, row in rows.items()},
        {name: row["per"] for name, row in rows.items()},
        {name: row["source"] for name, row in rows.items()},
    )


def bill(prices: Prices, shape: str, *, internet: bool = False, letters: bool = False) -> Bill:
    """Return what a shape costs: what stands there anyway, and the mix of requests of a shop.

    The mix: 60 % pages of products and lists, 20 % searches, 10 % recommendations, 8 % carts, 2 % checkouts of three
    lines; none of it from CloudFront's cache. With `letters`, SES brings two for each order.
    """
    fleet = shape == "fleet"
    return Bill(
        shape,
        [
            *_standing(),
            *(_fleet(internet=internet) if fleet else ()),
            *(
                [Item("metrics of letters", 5, "metric_month"), Item("their alarms", 2, "alarm_month")]
                if letters
                else ()
            ),
        ],
        [
            *_requests(),
            *(_through_the_balancer() if fleet else _through_functions()),
            *([Item("letters, two an order", 2 * _CHECKOUTS * _MILLION, "letter")] if letters else ()),
        ],
        prices,
    )


def _standing() -> Sequence[Item]:
    """Return what both shapes have. Sources of queues ask for messages all the time, five at once, 20 seconds each."""
    asked = 8 * 5 * _SECONDS / 20
    sweeps = _MINUTES
    return (
        Item("2 keys", 2, "kms_key_month"),
        Item("secrets", 2, "secret_month"),
        Item("firewall", 1, "waf_acl_month"),
        Item("its 6 rules", 6, "waf_rule_month"),
        Item("metrics of 15 alarms", 70, "alarm_month"),
        Item("dashboard", 1, "dashboard_month"),
        Item("8 queues, asked for messages", asked, "sqs_request"),
        Item("a sweep a minute: 0.3 s of 3 GB", sweeps * 0.3 * 2.94, "lambda_gb_second"),
        Item("its disk, 9.5 GB more than is free", sweeps * 0.3 * 9.5, "lambda_disk_gb_second"),
        Item("the shop's address in Cloud Map", 1, "cloudmap_month"),
        Item("its reads, 40 a sweep", sweeps * 40, "dynamodb_read"),
    )


def _fleet(*, internet: bool) -> Sequence[Item]:
    ways: tuple[Item, ...] = (Item("6 endpoints in 2 zones", 12 * _HOURS, "endpoint_hour"),)
    if internet:
        ways = (Item("NAT gateway", _HOURS, "nat_hour"), Item("its address", _HOURS, "address_hour"))
    return (
        Item("2 instances", 2 * _HOURS, "instance_hour"),
        Item("their volumes, 20 GB each", 40, "volume_gb_month"),
        Item("their metrics", 14, "metric_month"),
        Item("the metric of errors in their logs", 1, "metric_month"),
        Item("2 alarms of theirs", 2, "alarm_month"),
        Item("load balancer", _HOURS, "balancer_hour"),
        Item("the cache's address in Cloud Map", 1, "cloudmap_month"),
        Item("Valkey on 2 nodes", 2 * _HOURS, "valkey_hour"),
        *ways,
    )


def _requests() -> Sequence[Item]:
    """Return what a million requests cost in either shape: DynamoDB, events, logs, the edge."""
    checkouts = _CHECKOUTS * _MILLION
    return (
        Item("reads of tables", (0.6 * 1 + 0.1 * 1 + 0.2 * 0.5) * _MILLION, "dynamodb_read"),
        Item("carts", 0.08 * _MILLION * 2, "dynamodb_write"),
        Item("checkouts of three lines", checkouts * 16, "dynamodb_write"),
        Item("their events", checkouts * 3, "event"),
        Item("logs", 0.5, "logs_gb"),
        Item("firewall", _MILLION, "waf_request"),
        Item("its log, if it refuses one in a hundred: 1.5 KB each", 0.01 * _MILLION * 1.5 / 1024 / 1024, "logs_gb"),
        Item("CloudFront", _MILLION, "cloudfront_request"),
        Item("10 KB an answer", _MILLION * 10 / 1024 / 1024, "cloudfront_gb"),
    )


def _through_functions() -> Sequence[Item]:
    """Return what functions cost: 30 ms of 1,769 MB a request, an assumption until it is measured on AWS."""
    return (
        Item("HTTP API", _MILLION, "api_request"),
        Item("calls of functions", _MILLION, "lambda_request"),
        Item("30 ms of 1.73 GB each", _MILLION * 0.030 * 1.73, "lambda_gb_second"),
        Item("their disk", _MILLION * 0.030 * 9.5, "lambda_disk_gb_second"),
    )


def _through_the_balancer() -> Sequence[Item]:
    """Return what the load balancer counts: a unit is 25 new connections a second, or 1 GB an hour."""
    return (Item("load balancer: 10 GB", 10, "balancer_unit_hour"),)
