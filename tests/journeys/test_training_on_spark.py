"""What a Spark job learns from the events in the object store is what one machine learns from the shop's orders."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sales_of_tastes import END, orders_of
from spark_session import run_jobs

from bodega.cli.main import main
from bodega.domain.flows.order_events import read_events
from bodega.domain.recommendations.handover import Handover
from bodega.recsys.evaluate import evaluate
from bodega.recsys.training import TrainSettings
from bodega.settings import Settings
from bodega.wiring import open_shop

# Rows are cut, or the choice of what to keep would never be put to the test.
COPURCHASE = '{"model": {"type": "blend", "table": {"type": "copurchase", "width": 20}}}'
# As many factors as there are tastes: more would be learnt from chance, and chance is not the same twice.
FACTORS = '{"type": "als", "width": 20, "factors": 4, "iterations": 8}'
ALS = f'{{"learn_weights": false, "model": {{"type": "blend", "table": {FACTORS}}}}}'
CUSTOMERS = 1500
HELD_DAYS = 28


@pytest.fixture
def shop(tmp_path):
    shop = open_shop(Settings.for_directory(tmp_path / "shop"))
    orders = list(orders_of(CUSTOMERS))
    for start in range(0, len(orders), 500):
        shop.orders.record_many(orders[start : start + 500])
    yield shop
    shop.close()


def read(folder):
    return Handover.read(lambda name: (folder / name).read_bytes())


@pytest.mark.long
def test_spark_learns_what_one_machine_learns_and_the_shop_serves_it(shop, tmp_path, capsys):
    events = shop.event_exporter.export().location
    here = read_events(shop.orders.all())
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    pq.write_table(pa.table({"order": ["a", None], "quantity": [1, -1]}), wrong / "lines.parquet")
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / "lines.parquet").write_bytes(b"PAR1 and nothing else")

    def job(name, **given):
        given = {"events": events, "artifact": (tmp_path / name).as_uri()} | given
        return [part for key, value in given.items() for part in (f"--{key.replace('_', '-')}", str(value))]

    codes, printed, said = run_jobs(
        tmp_path,
        # So few products at once that there are several blocks.
        job("copurchase", settings=COPURCHASE, at_once=40_000),
        job("als", settings=ALS, events=_before(events, tmp_path / "past")),
        job("nowhere", events=(tmp_path / "nowhere").as_uri()),
        job("wrong", events=wrong.as_uri()),
        job("cut", events=cut.as_uri()),
        job("strange", settings='{"model": {"type": "magic"}}'),
    )

    assert codes == [0, 0, 2, 2, 2, 2]
    assert "nowhere cannot be read" in said
    assert "2 of 2 lines lack" in said
    assert "no settings of a training" in said
    facts = json.loads(printed.splitlines()[0])
    assert facts["size"]["customers"] == CUSTOMERS + 1
    # The draw of those who are asked is put to the test, too: there are more customers than are asked.
    assert facts["judged"]["customers"] == 500
    assert facts["judged"]["ndcg"] > facts["judged"]["popularity_ndcg"]
    _is_what_one_machine_learns(read(tmp_path / "copurchase"), here)
    _is_worth_what_one_machine_learns(read(tmp_path / "als"), shop.orders)
    _is_published_by_the_command_line(shop, tmp_path, capsys)


def _is_what_one_machine_learns(there, events):
    """Compare whole artifacts: Spark brings histories together in order of their users, so even sums are the same."""
    here = events.learnt(now=events.newest, settings=msgspec.json.decode(COPURCHASE, type=TrainSettings))

    assert there.product_ids == here.product_ids
    assert there.facts.size == here.facts.size
    arrays, expected = there.trained.to_arrays(), here.trained.to_arrays()
    for name in ("neighbours", "together_neighbours", "popular_order"):
        assert np.array_equal(arrays[name], expected[name]), name
    for name in ("weights", "together_weights"):
        assert np.array_equal(arrays[name], expected[name]), name
    # Sums over all customers are made in another order.
    for name in ("popularity", "habit"):
        assert np.allclose(arrays[name], expected[name], rtol=1e-5, atol=1e-6), name
    for name, found, wanted in zip(there.demand._fields, there.demand, here.demand, strict=True):
        assert np.allclose(found, wanted, rtol=1e-4, atol=1e-4), name
    learnt, taught = (msgspec.to_builtins(one.trained.metadata) for one in (there, here))
    assert _numbers(learnt) == pytest.approx(_numbers(taught), rel=1e-4, abs=1e-4)


def _before(events, folder):
    """Lay out the days that the lists of ALS are not measured on."""
    days = sorted(Path(events.removeprefix("file://")).glob("day*"))
    shutil.copytree(days[0].parent, folder, ignore=lambda _, names: [n for n in names if n in _last(days)])
    return folder.as_uri()


def _last(days):
    return {day.name for day in days[-HELD_DAYS:]}


def _is_worth_what_one_machine_learns(there, orders):
    """Compare by what is recommended: ALS begins by chance, and ends in one of many factorisations that are as good."""
    cut = (END - timedelta(days=HELD_DAYS - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    events = read_events(orders.all())
    past = read_events(order for order in orders.all() if order.placed_at < cut)
    here = past.learnt(now=past.newest, settings=msgspec.json.decode(ALS, type=TrainSettings))
    learn, held = events.interactions.split_at(cut.timestamp() / 86400)

    assert there.product_ids == here.product_ids == events.product_ids
    one, other = (_square(handover.trained.recommender) for handover in (there, here))
    cosines = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert cosines.min() > 0.99
    for repeat in ("include", "exclude"):
        found, wanted = (
            evaluate(handover.trained.recommender, learn, held, now=past.newest, repeat=repeat)
            for handover in (there, here)
        )
        assert found.users > 1000
        assert found.ndcg.mean == pytest.approx(wanted.ndcg.mean, abs=0.005)
        assert found.recall.mean == pytest.approx(wanted.recall.mean, abs=0.005)


def _square(table):
    """Return (items, items) what taking each item says about every other."""
    cells = np.zeros((table.n_items, table.n_items))
    row, place = np.nonzero(table.neighbours >= 0)
    cells[row, table.neighbours[row, place]] = table.weights[row, place]
    return cells


def _numbers(document):
    """Return every number in a nested document, by its path."""
    if not isinstance(document, (dict, list, tuple)):
        return {"": float(document)} if isinstance(document, (int, float)) else {}
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    return {f"{key}/{path}": number for key, part in pairs for path, number in _numbers(part).items()}


def _is_published_by_the_command_line(shop, folder, capsys):
    shop.close()

    assert main(["recommend", "publish", str(folder / "copurchase"), "--data", str(folder / "shop"), "--json"]) == 0
    version = json.loads(capsys.readouterr().out)["version"]
    assert main(["recommend", "versions", "--data", str(folder / "shop"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == version
