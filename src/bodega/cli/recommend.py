"""`bodega recommend`: train the recommender, ask it for lists, and measure it."""

import argparse
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import msgspec

from bodega.cli.opening import add_data_argument, opened_shop
from bodega.cli.recommend_report import duel_lines, report_lines
from bodega.domain.flows.recommending import Suggestions
from bodega.domain.orders.model import natural_id
from bodega.domain.recommendations.duels import Duel
from bodega.domain.recommendations.evidence import LEARNT
from bodega.domain.recommendations.model import Placement
from bodega.domain.shop import Shop
from bodega.errors import InvalidError, NotFoundError

_EXAMPLES = {
    "train": "train --data ./data",
    "tune": "tune --seconds 120",
    "versions": "versions",
    "rollback": "rollback",
    "report": "report --days 30",
    "duel": "duel 20260304T050607Z-k3f9 --share 0.5",
    "export-events": "export-events --since 2026-01-31",
    "publish": "publish training/first/",
    "for": "for 17850 --limit 10",
    "similar": "similar 85123A",
    "evaluate": "evaluate --train train.parquet --test test.parquet --k 20 --repeat exclude",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega recommend for 17850 --limit 10"
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    train = verbs.add_parser("train", help="train on all orders and publish the model")
    tune = verbs.add_parser("tune", help="choose model and parameters on this shop's last weeks, train and publish")
    tune.add_argument("--seconds", type=float, default=120.0, help="begin no trial that would end later (default: 120)")
    verbs.add_parser("versions", help="list published models")
    rollback = verbs.add_parser("rollback", help="put the model before the one in service back into service")
    rollback.add_argument("version", nargs="?", help="or this one")
    report = verbs.add_parser("report", help="what shoppers did with recommendations")
    report.add_argument("--days", type=int, default=30, help="today and the days before (default: 30)")
    events = verbs.add_parser("export-events", help="lay out all order lines for a training on other machines")
    events.add_argument("--since", type=_day, metavar="DAY", help="only the days from this one on (UTC)")
    publish = verbs.add_parser("publish", help="put into service what other machines learnt")
    publish.add_argument("artifact", help="a folder, or a prefix in the object store, such as training/first/")
    for verb in (train, publish):
        verb.add_argument("--force", action="store_true", help="though it is worth less than what is popular")
    duel = verbs.add_parser("duel", help="let another version compete with the one in service, or say how it stands")
    duel.add_argument("rival", nargs="?", help="a stored version: begin; without: say how it stands")
    duel.add_argument("--share", type=float, default=0.5, help="for this share of the known shoppers (default: 0.5)")
    duel.add_argument("--end", action="store_true", help="end the duel that is on")
    person = verbs.add_parser("for", help="recommend to a customer")
    person.add_argument("customer", help="a customer's id (cus_…), or their number in imported sales")
    person.add_argument(
        "--repeat", choices=("include", "exclude"), default="exclude", help="may bought items come again?"
    )
    like = verbs.add_parser("similar", help="what is like a product, and what is bought with it")
    like.add_argument("sku")
    for verb in (person, like):
        verb.add_argument("--limit", type=int, default=12)
    evaluate = verbs.add_parser("evaluate", help="measure on held-out orders: this shop's last weeks, or two files")
    evaluate.add_argument("--train", type=Path, help="user,item[,time[,quantity]] as Parquet or CSV")
    evaluate.add_argument("--test", type=Path, help="user,item as Parquet or CSV")
    evaluate.add_argument("--days", type=float, default=28.0, help="without files: how many last days are the test")
    evaluate.add_argument("--k", type=int, default=20)
    evaluate.add_argument("--repeat", choices=("include", "exclude"), default=None)
    evaluate.add_argument("--model", default=None)
    evaluate.add_argument("--tune", type=float, default=None, metavar="SECONDS")
    for name, verb in verbs.choices.items():
        verb.epilog = f"example: bodega recommend {_EXAMPLES[name]}"
        add_data_argument(verb)
        verb.add_argument("--json", action="store_true", help="print JSON")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no day such as 2026-01-31") from None


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Do what the verb says."""
    if arguments.verb == "evaluate":
        from bodega.cli import recommend_evaluate  # noqa: PLC0415  # needs the training side, which is heavy

        return recommend_evaluate.run(arguments, environment)
    with opened_shop(arguments, environment) as shop:
        _VERBS[arguments.verb](shop, arguments)
    return 0


def _train(shop: Shop, arguments: argparse.Namespace) -> None:
    _print(shop.trainer.train(forced=arguments.force), as_json=arguments.json)


def _tune(shop: Shop, arguments: argparse.Namespace) -> None:
    if not 0 < arguments.seconds < float("inf"):
        raise InvalidError("--seconds must be a number above 0")
    _print(shop.trainer.tune(seconds=arguments.seconds), as_json=arguments.json)


def _versions(shop: Shop, arguments: argparse.Namespace) -> None:
    current = shop.models.current_version()
    for manifest in shop.models.versions():
        mark = "*" if manifest.version == current else " "
        facts = {name: fact for name, fact in manifest.facts.items() if name != LEARNT}
        plain = f"{mark} {manifest.version} {facts}"
        print(msgspec.json.encode(manifest).decode() if arguments.json else plain)


def _roll_back(shop: Shop, arguments: argparse.Namespace) -> None:
    version = arguments.version
    if version is None:
        version = shop.models.roll_back()
    else:
        shop.models.point_at(version, expected=shop.models.current_version())
    print(f"{version} is in service")


def _export_events(shop: Shop, arguments: argparse.Namespace) -> None:
    _print(shop.event_exporter.export(since=arguments.since), as_json=arguments.json)


def _publish(shop: Shop, arguments: argparse.Namespace) -> None:
    from bodega.domain.recommendations.handover import Handover  # noqa: PLC0415  # needs the training side

    folder = Path(arguments.artifact)
    prefix = arguments.artifact.removesuffix("/") + "/"
    if folder.is_dir():
        handover = Handover.read(lambda name: (folder / name).read_bytes())
    else:
        handover = Handover.read(lambda name: shop.world.objects.get(prefix + name))
    _print(shop.trainer.publish(handover, forced=arguments.force), as_json=arguments.json)


def _report(shop: Shop, arguments: argparse.Namespace) -> None:
    found = shop.recommendation_reports.report(days=arguments.days)
    duel = shop.recommendation_duels.read()
    score = shop.recommendation_reports.duel(duel.id) if duel is not None else None
    if arguments.json:
        print(msgspec.json.encode({"report": found, "duel": duel, "score": score}).decode())
    else:
        print("\n".join(report_lines(found, duel, score)))


def _duel(shop: Shop, arguments: argparse.Namespace) -> None:
    if arguments.rival is not None and arguments.end:
        raise InvalidError("name a rival to begin a duel, or --end the one that is on")
    duels, rival = shop.recommendation_duels, arguments.rival
    if rival is not None:
        duel: Duel | None = duels.begin(rival, share=arguments.share)
    else:
        duel = duels.end() if arguments.end else duels.read()
    if duel is None:
        raise NotFoundError("duel", "current")
    score = shop.recommendation_reports.duel(duel.id)
    if arguments.json:
        print(msgspec.json.encode({"duel": duel, "score": score}).decode())
    else:
        print("\n".join(duel_lines(duel, score)))


def _for(shop: Shop, arguments: argparse.Namespace) -> None:
    placement: Placement = "account" if arguments.repeat == "include" else "home"
    customer_id = _customer_id(shop, arguments.customer)
    found = shop.recommender.suggest(customer_id=customer_id, placement=placement, limit=arguments.limit)
    _print_list(shop, found, as_json=arguments.json)


def _similar(shop: Shop, arguments: argparse.Namespace) -> None:
    product_id = shop.catalog.products.find_id_by_sku(arguments.sku)
    if product_id is None:
        raise NotFoundError("product with the SKU", arguments.sku)
    for title, found in (
        ("bought together", shop.recommender.bought_together(product_id, limit=arguments.limit)),
        ("similar", shop.recommender.similar(product_id, limit=arguments.limit)),
    ):
        if not arguments.json:
            print(f"{title}:")
        _print_list(shop, found, as_json=arguments.json)


def _customer_id(shop: Shop, given: str) -> str:
    """Find a customer by id, or by the number they had in imported sales."""
    for customer_id in (given, natural_id("cus", "sales", given)):
        if shop.orders.list_by_customer(customer_id, limit=1):
            return customer_id
    raise NotFoundError("customer with orders", given)


def _print_list(shop: Shop, found: Suggestions, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    titles = {p: c.title for p, c in shop.catalog.shelves.cards(_reasons(found)).items()}
    for place, item in enumerate(found.items, 1):
        price = item.card.price.format() if item.card.price else "-"
        because = ", ".join(titles.get(p, p) for p in item.reason.because)
        print(f"{place:3}. {item.card.title[:50]:50} {item.card.sku:14} {price:>10}  {item.reason.code} {because[:60]}")
    if found.fallback:
        print(f"(fallback: {found.fallback})")


def _reasons(found: Suggestions) -> list[str]:
    return list(dict.fromkeys(p for item in found.items for p in item.reason.because))


def _print(report: msgspec.Struct, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        print("  ".join(f"{name} {getattr(report, name)}" for name in report.__struct_fields__))


_VERBS: Mapping[str, Callable[[Shop, argparse.Namespace], None]] = {
    "train": _train,
    "tune": _tune,
    "versions": _versions,
    "rollback": _roll_back,
    "report": _report,
    "duel": _duel,
    "export-events": _export_events,
    "publish": _publish,
    "for": _for,
    "similar": _similar,
}
