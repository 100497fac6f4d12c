"""What other machines read, and publishing what they learnt."""

import io
from datetime import date, timedelta
from random import Random

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from bodega.cli.main import main
from bodega.domain.flows.order_events import read_events
from bodega.domain.recommendations.evidence import Judgement, NotWorthItError
from bodega.domain.recommendations.handover import Handover, UnusableHandoverError
from bodega.errors import NotFoundError

GOOD = Judgement(customers=40, k=20, ndcg=0.3, popularity_ndcg=0.1)


def learnt(counter, *, judged=GOOD):
    """Return what a training elsewhere would hand over."""
    events = read_events(counter.shop.orders.all())
    handover = events.learnt(now=events.newest)
    facts = msgspec.structs.replace(handover.facts, engine="elsewhere", judged=judged)
    return msgspec.structs.replace(handover, facts=facts)


def handed_over(handover):
    return dict(handover.files())


def rows(counter, day):
    path = counter.objects.fetch(f"training/events/day={day}/lines.parquet")
    return pq.read_table(path).to_pylist()


def test_every_order_line_is_in_the_file_of_its_day_and_a_guest_has_no_name(counter):
    counter.buys("cus_x", "kettle", "scale", days_ago=2)
    counter.buys(None, "beans", days_ago=2)
    day = (counter.clock.now() - timedelta(days=2)).date()
    every = [(order.id, line.product_id) for order in counter.shop.orders.all() for line in order.lines]

    report = counter.shop.event_exporter.export()

    assert (report.orders, report.lines) == (len({order for order, _ in every}), len(every))
    keys = [info.key for info in counter.objects.list("training/events/")]
    assert report.days == len(keys)
    found = [row for key in keys for row in rows(counter, key.split("=")[1].split("/")[0])]
    assert sorted((row["order"], row["product"]) for row in found) == sorted(every)
    that_day = sorted((row["customer"] or "", row["product"], row["quantity"]) for row in rows(counter, day))
    assert that_day == sorted(
        [(who, counter.products[what], 1) for who, what in [("cus_x", "kettle"), ("cus_x", "scale"), ("", "beans")]]
    )
    assert rows(counter, day)[0]["time"] == counter.clock.now() - timedelta(days=2)


def test_what_was_called_off_is_in_no_file(counter):
    before = counter.shop.event_exporter.export()
    counter.buys("cus_x", "kettle", "scale", days_ago=2, state="cancelled")

    after = counter.shop.event_exporter.export()
    assert (after.orders, after.lines) == (before.orders, before.lines)
    counter.buys("cus_x", "kettle", days_ago=5000, state="cancelled")
    assert counter.shop.event_exporter.export() == after


def test_days_may_be_laid_out_anew_from_one_on_and_those_without_orders_go(counter):
    exporter = counter.shop.event_exporter
    exporter.export()
    before = {info.key: info.etag for info in counter.objects.list("training/events/")}
    counter.objects.put("training/events/day=2031-01-01/lines.parquet", b"of an order that is gone")
    counter.buys("cus_x", "kettle", days_ago=0)
    today = counter.clock.now().date()

    report = exporter.export(since=today)

    after = {info.key: info.etag for info in counter.objects.list("training/events/")}
    assert report.days == 1
    assert after.keys() - before.keys() == {f"training/events/day={today}/lines.parquet"}
    assert {key: after[key] for key in before} == before


def test_a_shop_without_orders_lays_out_nothing(counter):
    assert counter.shop.event_exporter.export(since=date(2999, 1, 1)).lines == 0


def test_what_was_learnt_does_not_depend_on_the_order_in_which_orders_are_read(counter):
    counter.buys(None, "beans", "spade", days_ago=2)
    orders = list(counter.shop.orders.all())
    shuffled = Random(3).sample(orders, len(orders))

    first, second = (read_events(some).learnt(now=20_000.0) for some in (orders, shuffled))

    assert handed_over(first) == handed_over(second)


def test_what_is_handed_over_is_read_back_and_serves_the_lists_that_training_here_gives(counter):
    counter.trains()
    here = counter.names(counter.asks("cus_c1"))

    counter.trainer.publish(Handover.read(handed_over(learnt(counter)).__getitem__))
    counter.clock.advance(2)

    assert counter.names(counter.asks("cus_c1")) == here
    assert counter.models.current().manifest.facts["engine"] == "elsewhere"


@pytest.mark.parametrize(
    "judged",
    [None, Judgement(40, 20, 0.1, 0.2), Judgement(40, 20, 0.3, 0.2, served_ndcg=0.31)],
    ids=["unjudged", "worse than popularity", "worse than what serves"],
)
def test_what_is_worth_less_is_published_only_by_force(counter, judged):
    before = counter.models.current_version()
    handover = learnt(counter, judged=judged)

    with pytest.raises(NotWorthItError):
        counter.trainer.publish(handover)

    assert counter.models.current_version() == before
    assert counter.trainer.publish(handover, forced=True).version == counter.models.current_version()


def test_what_was_learnt_elsewhere_is_not_learnt_anew_here_when_it_is_old(counter):
    counter.trainer.publish(learnt(counter))
    counter.clock.advance(10 * 86400)

    assert not counter.trainer.due(every=timedelta(days=1))
    counter.trainer.train()
    counter.clock.advance(10 * 86400)
    assert counter.trainer.due(every=timedelta(days=1))


def without(name):
    return lambda files: files.pop(name)


def with_facts(**changes):
    def change(files):
        facts = msgspec.json.decode(files["handover.json"])
        files["handover.json"] = msgspec.json.encode(facts | changes)

    return change


def with_array(name, change):
    def changed(files):
        handover = Handover.read(dict(files).__getitem__)
        arrays = handover.demand._asdict() | {"product_ids": np.array([p.encode() for p in handover.product_ids])}
        array = change(arrays[name.removeprefix("demand_")])
        path = f"{name}.npy"
        files[path] = as_npy(array)

    return changed


def as_npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=array.dtype == object)
    return buffer.getvalue()


def as_huge_npy():
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": (2**50,)})
    return buffer.getvalue()


DAMAGES = {
    "no facts": without("handover.json"),
    "no array": without("weights.npy"),
    "no model": without("model.json"),
    "cut array": lambda files: files.update({"weights.npy": files["weights.npy"][:-7]}),
    "no numpy file": lambda files: files.update({"habit.npy": b"PK\x03\x04"}),
    "an array that says it is huge": lambda files: files.update({"habit.npy": as_huge_npy()}),
    "another format": with_facts(format=99),
    "a time that is none": with_facts(as_of_days="soon"),
    "a time that no calendar has": with_facts(as_of_days=1e300),
    "a time before all sales": with_facts(as_of_days=-0.5),
    "less than nothing": with_facts(size={"orders": -1, "events": 1, "customers": 1, "products": 1}),
    "less than no time": with_facts(seconds=-1.0),
    "unknown facts": with_facts(colour="red"),
    "worth more than all": with_facts(judged={"customers": 3, "k": 20, "ndcg": 7.0, "popularity_ndcg": 0.0}),
    "ids of another shop's size": with_array("product_ids", lambda ids: ids[:-1]),
    "ids out of order": with_array("product_ids", lambda ids: ids[::-1]),
    "ids twice": with_array("product_ids", lambda ids: np.repeat(ids[:1], ids.size)),
    "ids that are objects": with_array("product_ids", lambda ids: ids.astype(object)),
    "units below nothing": with_array("demand_units", lambda units: units - 10**6),
    "a trend that is no number": with_array("demand_trend", lambda trend: trend * np.float32("nan")),
    "gaps of another type": with_array("demand_gaps", lambda gaps: gaps.astype(np.float64)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_or_foreign_artifacts_are_refused_whole(counter, damage):
    files = handed_over(learnt(counter))
    DAMAGES[damage](files)

    def get(name):
        if name not in files:
            raise NotFoundError("object", name)
        return files[name]

    with pytest.raises(UnusableHandoverError):
        Handover.read(get)


def test_the_command_line_publishes_from_the_object_store_and_says_why_not(counter, capsys):
    where = ["--data", str(counter.folder)]
    for name, data in learnt(counter).files():
        counter.objects.put(f"training/first/{name}", data)
    for name, data in learnt(counter, judged=None).files():
        counter.objects.put(f"training/second/{name}", data)
    before = counter.models.current_version()
    counter.shop.close()

    assert main(["recommend", "export-events", "--json", *where]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["location"].endswith("/training+/events+/")
    for artifact, reason in {
        "none": "nothing to publish",
        "../up": "nothing to publish",
        "second": "nobody knows",
    }.items():
        assert main(["recommend", "publish", f"training/{artifact}", *where]) != 0
        assert reason in capsys.readouterr().err
    assert main(["recommend", "publish", "training/first/", "--json", *where]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["version"] != before
    assert main(["recommend", "publish", "training/second", "--force", *where]) == 0
