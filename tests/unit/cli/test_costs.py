"""The arithmetic of what a deployed shop costs; prices themselves are a table with a date."""

import json
from datetime import date

import pytest

from bodega.cli.costs import Bill, Item, Prices, bill, read_prices
from bodega.cli.main import main


def test_a_bill_adds_units_times_prices():
    prices = Prices(date(2026, 1, 1), {"a": 0.5, "b": 2.0}, {"a": "one", "b": "two"}, {"a": "list", "b": "list"})
    one = Bill("serverless", [Item("x", 3, "a"), Item("y", 4, "b")], [], prices)

    assert one.cost(one.idle) == 9.5
    assert one.cost(one.busy) == 0


@pytest.mark.parametrize("shape", ["serverless", "fleet"])
@pytest.mark.parametrize("more", [True, False])
def test_everything_on_a_bill_has_a_price_a_unit_and_a_source(shape, more):
    one = bill(read_prices(), shape, internet=more, letters=more)

    for item in [*one.idle, *one.busy]:
        assert item.units > 0, item.what
        assert one.prices.usd[item.price] > 0
        assert one.prices.units[item.price]
        assert one.prices.sources[item.price] in {"list", "published"}


def test_a_fleet_costs_more_when_nobody_comes_and_less_a_request():
    functions, fleet = (bill(read_prices(), shape) for shape in ("serverless", "fleet"))

    assert fleet.cost(fleet.idle) > functions.cost(functions.idle)
    assert fleet.cost(fleet.busy) < functions.cost(functions.busy)


def test_letters_cost_by_the_order():
    without, with_them = (bill(read_prices(), "serverless", letters=letters) for letters in (False, True))

    assert with_them.cost(with_them.busy) - without.cost(without.busy) == pytest.approx(2 * 20_000 * 0.0001)


def test_cost_prints_what_a_program_can_read(capsys):
    assert main(["cost", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert [row["shape"] for row in told["shapes"]] == ["serverless", "fleet"]
    assert told["as_of"] == read_prices().as_of.isoformat()


def test_cost_shows_each_item_with_where_its_price_is_from(capsys):
    assert main(["cost", "--shape", "serverless"]) == 0

    shown = capsys.readouterr().out
    assert "a million requests" in shown
    assert "2 keys (key and month; published)" in shown
