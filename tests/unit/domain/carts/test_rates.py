import pytest

from bodega.domain.carts.shipping import Band, Method, ShippingTable, Zone
from bodega.domain.carts.tax import TaxRate, TaxTable
from bodega.errors import InvalidError, StaleVersionError
from bodega.values.money import Money


def zone(*countries, bands=((100, None),), currency="GBP", codes=("post",), free_from=None):
    listed = [Band(Money(price, currency), up_to) for price, up_to in bands]
    methods = [Method(code=code, name=code, bands=listed, free_from=free_from) for code in codes]
    return Zone(name="zone", countries=list(countries), methods=methods)


WRONG = [
    [zone("GB"), zone("GB")],
    [zone("GB", "GB")],
    [zone("GB", codes=("post", "post"))],
    [zone("GB", bands=((1, 500), (2, 500)))],
    [zone("GB", bands=((1, 900), (2, 500)))],
    [zone("GB", bands=((1, None), (2, 500)))],
    [zone("GB", bands=((-1, None),))],
    [zone("GB", currency="EUR")],
    [zone("GB", free_from=Money(1, "EUR"))],
]


@pytest.mark.parametrize("zones", WRONG)
def test_a_shipping_table_that_contradicts_itself_is_refused(till, zones):
    with pytest.raises(InvalidError) as refused:
        till.rates.set_shipping(ShippingTable(zones), expected_version=None)

    assert refused.value.faults[0].pointer.startswith("/zones/")
    assert till.rates.shipping().version == 0


def test_every_fault_of_a_table_is_named(till):
    with pytest.raises(InvalidError) as refused:
        till.rates.set_tax(TaxTable(rates=[TaxRate("GB", "101"), TaxRate("GB", "200")]), expected_version=None)

    assert [fault.pointer for fault in refused.value.faults] == ["/rates/0/percent", "/rates/1/percent", "/rates/1"]


def test_of_two_who_replace_a_table_one_is_told(till):
    first = till.rates.set_tax(TaxTable(rates=[TaxRate("GB", "20")]), expected_version=0)

    with pytest.raises(StaleVersionError) as refused:
        till.rates.set_tax(TaxTable(), expected_version=0)

    assert first.version == refused.value.current == 1
    assert till.rates.set_tax(TaxTable(), expected_version=1).version == 2


def test_tables_are_read_again_after_a_second_or_when_asked(till):
    other = type(till.rates)(table=till.table, clock=till.clock, currency="GBP")
    assert till.rates.charges().taxes.rate("GB", "standard") == 0
    other.set_tax(TaxTable(rates=[TaxRate("GB", "20")]), expected_version=0)

    assert till.rates.charges().taxes.rate("GB", "standard") == 0
    assert till.rates.charges(current=True).taxes.rate("GB", "standard") == 200_000
    other.set_tax(TaxTable(rates=[TaxRate("GB", "5")]), expected_version=1)
    till.clock.advance(1)
    assert till.rates.charges().taxes.rate("GB", "standard") == 50_000
