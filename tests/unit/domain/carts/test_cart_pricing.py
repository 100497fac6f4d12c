from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bodega.domain.carts.coupon import Coupon
from bodega.domain.carts.model import Cart, CartLine, Goods
from bodega.domain.carts.pricing import Redeemed, price_cart
from bodega.domain.carts.rates import Charges
from bodega.domain.carts.shipping import Band, Method, Shipping, ShippingTable, Zone
from bodega.domain.carts.tax import Taxes, TaxRate, TaxTable
from bodega.values.money import Money

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NOTHING = Charges(Shipping(ShippingTable()), Taxes(TaxTable()))


def pounds(amount):
    return Money(amount, "GBP")


def goods_of(sku, price, **changes):
    return Goods(sku=sku, product_id=f"prod_{sku}", slug=sku.lower(), name=sku, price=pounds(price), **changes)


def cart_of(*lines, **changes):
    fields = {"id": "cart_1", "created_at": NOW, "updated_at": NOW, "expires_at": 0, "lines": tuple(lines)}
    return Cart(**(fields | changes))


def priced(prices, *, coupon=None, charges=NOTHING, country="GB", quantity=1, **changes):
    """Price a cart with one line for each price."""
    found = {f"S{n}": goods_of(f"S{n}", price, **changes) for n, price in enumerate(prices)}
    cart = cart_of(*(CartLine(sku, one.product_id, quantity) for sku, one in found.items()), country=country)
    redeemed = Redeemed(coupon.code, coupon) if coupon else None
    return price_cart(cart, found, redeemed=redeemed, charges=charges, currency="GBP")


def charged(*, tax="0", included=True, shipping=None, free_from=None):
    method = Method(
        code="post",
        name="Post",
        bands=[Band(pounds(shipping or 0))],
        free_from=None if free_from is None else pounds(free_from),
    )
    table = ShippingTable([Zone(name="all", countries=["*"], methods=[method])] if shipping is not None else [])
    rates = TaxTable(rates=[TaxRate("*", tax)], prices_include_tax=included)
    return Charges(Shipping(table), Taxes(rates))


LINES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10_000)), min_size=1, max_size=100)
PERCENTS = st.integers(0, 1_000_000).map(lambda ppm: f"{ppm // 10_000}.{ppm % 10_000:04d}")
COUPONS = st.one_of(
    st.none(),
    PERCENTS.map(lambda percent: Coupon(code="C", kind="percent", percent=percent)),
    st.integers(1, 10**9).map(lambda amount: Coupon(code="C", kind="amount", amount=pounds(amount))),
    st.just(Coupon(code="C", kind="free_shipping")),
)


@given(LINES, PERCENTS, st.booleans(), COUPONS, st.integers(0, 10**5))
def test_a_quote_adds_up_exactly_in_minor_units(lines, tax, included, coupon, shipping):
    found = {f"S{n}": goods_of(f"S{n}", price) for n, (price, _) in enumerate(lines)}
    cart = cart_of(*(CartLine(f"S{n}", "p", quantity) for n, (_, quantity) in enumerate(lines)))
    charges = charged(tax=tax, included=included, shipping=shipping)

    redeemed = Redeemed("C", coupon) if coupon else None
    quote = price_cart(cart, found, redeemed=redeemed, charges=charges, currency="GBP").quote

    quote.check()
    assert quote.subtotal.amount == sum(price * quantity for price, quantity in lines)
    assert quote.discount.amount == sum(line.discount for line in quote.lines)
    assert quote.tax.amount == sum(line.tax for line in quote.lines) + quote.shipping_tax
    paid = sum(quote.line_total(line).amount for line in quote.lines) + quote.shipping_total.amount
    assert quote.total.amount == paid
    assert all(0 <= line.discount <= line.subtotal.amount for line in quote.lines)
    assert all(line.tax >= 0 and quote.line_total(line).amount >= 0 for line in quote.lines)


@given(st.integers(0, 10**12), PERCENTS)
def test_tax_taken_out_of_a_price_and_put_on_again_gives_the_price(amount, percent):
    inside = Taxes(TaxTable(rates=[TaxRate("*", percent)]))
    rate = inside.rate("GB", "standard")
    tax, total = inside.on(amount, rate)

    again, _ = Taxes(TaxTable(rates=[], prices_include_tax=False)).on(amount - tax, rate)

    assert total == amount
    assert abs(again - tax) <= 1


def test_tax_is_rounded_half_even_on_each_line():
    # 10 % of 5, 15 and 25 is 0.5, 1.5 and 2.5: to the even neighbour each, not to 5 for their sum of 4.5.
    quote = priced([5, 15, 25], charges=charged(tax="10", included=False)).quote

    assert [line.tax for line in quote.lines] == [0, 2, 2]
    assert (quote.tax.amount, quote.total.amount) == (4, 49)


def test_tax_inside_prices_is_shown_and_not_added():
    quote = priced([1200], charges=charged(tax="20")).quote

    assert (quote.tax.amount, quote.total.amount) == (200, 1200)


def test_a_discount_lowers_the_tax_and_is_spread_by_the_largest_remainder():
    coupon = Coupon(code="C", kind="amount", amount=pounds(100))

    quote = priced([333, 333, 334], coupon=coupon, charges=charged(tax="20", included=False)).quote

    assert [line.discount for line in quote.lines] == [33, 33, 34]
    assert [line.tax for line in quote.lines] == [60, 60, 60]
    assert quote.total.amount == 900 + 180


def test_a_coupon_is_never_worth_more_than_the_goods():
    quote = priced([300], coupon=Coupon(code="C", kind="amount", amount=pounds(10_000))).quote

    assert (quote.discount.amount, quote.total.amount) == (300, 0)


def test_free_shipping_costs_nothing_and_has_no_tax():
    coupon = Coupon(code="C", kind="free_shipping")

    quote = priced([300], coupon=coupon, charges=charged(tax="20", included=False, shipping=395)).quote

    assert (quote.shipping.amount, quote.shipping_tax, quote.total.amount) == (0, 0, 360)
    assert quote.shipping_method == "post"


def test_shipping_is_free_from_a_value_after_the_discount():
    charges = charged(shipping=395, free_from=1000)
    coupon = Coupon(code="C", kind="amount", amount=pounds(1))

    assert priced([1000], charges=charges).quote.shipping.amount == 0
    assert priced([1000], coupon=coupon, charges=charges).quote.shipping.amount == 395


def test_weight_bands_end_where_they_say_and_nothing_goes_beyond_the_last():
    bands = [Band(pounds(300), 1000), Band(pounds(700), 5000)]
    post = Method(code="post", name="Post", basis="weight", bands=bands)
    table = ShippingTable([Zone(name="all", countries=["*"], methods=[post])])
    charges = Charges(Shipping(table), Taxes(TaxTable()))

    def price(grams, quantity=1):
        return priced([100], charges=charges, weight_grams=grams, quantity=quantity)

    assert price(1000).quote.shipping.amount == 300
    assert price(1001).quote.shipping.amount == 700
    assert price(500, quantity=3).quote.shipping.amount == 700
    assert price(5001).options == ()
    assert price(5001).obstacle.code == "no_shipping"


def test_a_countrys_own_zone_and_rate_go_before_those_of_everywhere_else():
    near = Zone(name="near", countries=["GB"], methods=[Method(code="a", name="A", bands=[Band(pounds(100))])])
    far = Zone(name="far", countries=["*"], methods=[Method(code="b", name="B", bands=[Band(pounds(900))])])
    rates = [TaxRate("GB", "20"), TaxRate("GB", "5", "reduced"), TaxRate("*", "10")]
    charges = Charges(Shipping(ShippingTable([near, far])), Taxes(TaxTable(rates=rates, prices_include_tax=False)))

    def costs(country, tax_class="standard"):
        quote = priced([1000], charges=charges, country=country, tax_class=tax_class).quote
        return quote.shipping.amount, quote.lines[0].tax

    assert costs("GB") == (100, 200)
    assert costs("GB", "reduced") == (100, 50)
    assert costs("GB", "unheard-of") == (100, 200)
    assert costs("FR", "reduced") == (900, 100)
    assert priced([1000], charges=charges, country=None).obstacle.code == "country_needed"


def test_an_empty_shop_charges_nothing_and_sends_everywhere():
    basket = priced([500], country=None)

    assert basket.obstacle is None
    assert (basket.quote.shipping.amount, basket.quote.tax.amount, basket.quote.total.amount) == (0, 0, 500)


def test_the_price_version_is_that_of_what_was_shown_and_not_of_when():
    first, second = priced([500, 300]).quote, priced([500, 300]).quote

    assert first.price_version == second.price_version
    others = [
        priced([500, 301]),
        priced([500]),
        priced([500, 300], quantity=2),
        priced([500, 300], country="FR"),
        priced([500, 300], coupon=Coupon(code="C", kind="percent", percent="1")),
        priced([500, 300], charges=charged(tax="1")),
        priced([500, 300], charges=charged(shipping=1)),
    ]
    versions = {first.price_version, *(basket.quote.price_version for basket in others)}
    assert len(versions) == 1 + len(others)


def test_a_way_of_sending_that_is_not_offered_any_more_is_told():
    cart = cart_of(CartLine("S", "p", 1), shipping="drone")

    basket = price_cart(cart, {"S": goods_of("S", 5)}, redeemed=None, charges=charged(shipping=395), currency="GBP")

    assert basket.quote.shipping_method == "post"
    assert [notice.code for notice in basket.notices] == ["shipping_changed"]
