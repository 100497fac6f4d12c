"""Fill carts: join what is in them with the catalog's prices and the stock, so that nobody else ever says a price."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from bodega.domain.carts.coupons import Coupons
from bodega.domain.carts.lines import line_of, merged, require, seen, units_of, with_line, with_more
from bodega.domain.carts.model import (
    Basket,
    Cart,
    CartOrderedError,
    EmptyCartError,
    Goods,
    UnavailableLinesError,
    UnknownSkuError,
    check_quantity,
)
from bodega.domain.carts.pricing import subtotal_of
from bodega.domain.carts.rates import Rates
from bodega.domain.carts.service import Carts
from bodega.domain.catalog.products import Products
from bodega.domain.flows.cart_prices import CartPrices
from bodega.domain.flows.goods import GoodsReader
from bodega.domain.flows.holding import CartHolds, end_of, units_held
from bodega.domain.inventory.model import InsufficientStockError
from bodega.domain.inventory.service import Inventory
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.values.quote import Quote
from bodega.values.text import parse_sku

_TRIES = 8


class Wanted(msgspec.Struct, frozen=True):
    """So many units of a SKU that somebody wants in their cart."""

    sku: str
    quantity: int


Change = Callable[[Cart, "dict[str, Goods]"], Cart]


class Carting:
    """Everything that can be done with a cart before it is checked out.

    `customer_id` says who asks, None for a guest: another customer's cart is not found. Changes take the version they
    were decided on, or None to be made on whatever the cart has become. Each is one transaction.
    """

    def __init__(
        self,
        *,
        carts: Carts,
        coupons: Coupons,
        rates: Rates,
        products: Products,
        inventory: Inventory,
        holds: CartHolds,
        clock: Clock,
        currency: str,
    ) -> None:
        self._carts = carts
        self._coupons = coupons
        self._holds = holds
        self._goods = GoodsReader(products=products, inventory=inventory, clock=clock)
        self._prices = CartPrices(coupons=coupons, rates=rates, holds=holds, goods=self._goods, currency=currency)

    # -- reading

    def get(self, cart_id: str, *, customer_id: str | None = None) -> Basket:
        """Return a cart at the prices of now."""
        cart = self._carts.get(cart_id, customer_id=customer_id)
        self._carts.touch(cart)
        return self._prices.now(cart, customer_id)

    def find_of_customer(self, customer_id: str) -> Cart | None:
        """Return the cart that a customer fills at present, None if there is none."""
        return self._carts.find_of_customer(customer_id)

    def quote(self, cart_id: str, *, customer_id: str | None = None, who: Callable[[], str] | None = None) -> Quote:
        """Return what a cart costs, for checking it out: with the tables, prices and coupon of this moment.

        `who` says by whom uses of a coupon are counted, a guest's too (see `Coupons.plan_use`), and is asked if there
        is one; without it that is the customer's id.
        Raises why the cart cannot be checked out.
        """
        cart = self._carts.get(cart_id, customer_id=customer_id)
        if cart.order_id is not None:
            raise CartOrderedError(cart)
        return self._prices.quote(cart, customer_id, who=who)

    def add_order(self, *, plan: WritePlan, quote: Quote, order_id: str, customer_id: str | None) -> None:
        """Add to a placing transaction that this quote becomes this order: the cart ends and its coupon is used.

        Refused, here or on commit, with a ConflictError: CartOrderedError if it was sold already, CartChangedError if
        it is not what was quoted, CouponUsedUpError; UnknownCouponError if the coupon was withdrawn.
        """
        self._carts.plan_order(plan, quote, order_id=order_id, customer_id=customer_id)
        if quote.coupon is not None:
            self._coupons.plan_use(plan, quote.coupon, who=quote.coupon_user or customer_id)

    # -- changing

    def hold(self, cart_id: str, *, customer_id: str | None = None) -> Basket:
        """Promise the cart's units to it for ten minutes: InsufficientStockError if there are too few.

        Asking again while they are promised changes nothing, so that nobody keeps them for longer than that. Changing
        what is in the cart lets them go.
        """
        for _ in range(_TRIES):
            cart = self._carts.get(cart_id, customer_id=customer_id)
            if cart.order_id is not None:
                raise CartOrderedError(cart)
            basket = self._prices.now(cart, customer_id)
            if isinstance(basket.obstacle, EmptyCartError | UnavailableLinesError):
                raise basket.obstacle
            if basket.held_until is not None:
                return basket
            self._holds.let_go(cart.hold_id)
            try:
                hold = self._holds.place(cart)
            except InsufficientStockError:
                if self._carts.get(cart_id, customer_id=customer_id).version == cart.version:
                    raise
                continue  # this very cart may have been held by somebody else meanwhile
            try:
                held = self._carts.save(msgspec.structs.replace(cart, hold_id=hold.id))
            except StaleVersionError:
                self._holds.let_go(hold.id)
                continue
            except ShopError:
                self._holds.let_go(hold.id)
                raise
            return self._prices.now(held, customer_id)
        raise _too_fast()

    def create(
        self, *, lines: Sequence[Wanted] = (), country: str | None = None, customer_id: str | None = None
    ) -> Basket:
        """Make a cart, with lines in it if any are given; nothing is made if one of them cannot be had."""
        cart = msgspec.structs.replace(self._carts.fresh(customer_id=customer_id), country=country)
        goods: dict[str, Goods] = {}
        for number, wanted in enumerate(lines):
            cart = self._with_line(cart, goods, wanted, pointer=f"/lines/{number}")
        return self._saved(cart, goods, customer_id)

    def add(
        self,
        cart_id: str,
        *,
        sku: str,
        quantity: int,
        customer_id: str | None = None,
        expected_version: int | None = None,
    ) -> Basket:
        """Put units into the cart, on top of those of the same SKU that are in it.

        UnknownSkuError for what is not for sale, InvalidError beyond 10,000 units or 100 lines, TooFewError for more
        than there are.
        """
        wanted = Wanted(sku, quantity)
        return self._change(
            cart_id, lambda cart, goods: self._with_line(cart, goods, wanted), customer_id, expected_version
        )

    def set_quantity(
        self,
        cart_id: str,
        *,
        sku: str,
        quantity: int,
        customer_id: str | None = None,
        expected_version: int | None = None,
    ) -> Basket:
        """Set how many units a line has; NotFoundError without one. What it costs now counts as seen."""

        def change(cart: Cart, goods: dict[str, Goods]) -> Cart:
            line = line_of(cart, sku)
            check_quantity(quantity)
            there = goods.get(line.sku)
            if there is None:
                raise UnknownSkuError(line.sku)
            if quantity > line.quantity:
                require(there, quantity)
            return with_line(cart, seen(line, there, quantity))

        return self._change(cart_id, change, customer_id, expected_version)

    def remove(
        self, cart_id: str, *, sku: str, customer_id: str | None = None, expected_version: int | None = None
    ) -> Basket:
        """Take a line out; NotFoundError without one."""

        def change(cart: Cart, _goods: dict[str, Goods]) -> Cart:
            line = line_of(cart, sku)
            return msgspec.structs.replace(cart, lines=tuple(one for one in cart.lines if one is not line))

        return self._change(cart_id, change, customer_id, expected_version)

    def clear(self, cart_id: str, *, customer_id: str | None = None, expected_version: int | None = None) -> Basket:
        """Take everything out."""
        return self._change(
            cart_id, lambda cart, _: msgspec.structs.replace(cart, lines=()), customer_id, expected_version
        )

    def address(
        self,
        cart_id: str,
        *,
        country: str | UnsetType | None = UNSET,
        shipping: str | UnsetType | None = UNSET,
        customer_id: str | None = None,
        expected_version: int | None = None,
    ) -> Basket:
        """Say where the cart goes and how; None leaves it open again. Refused unless that way leads there.

        A way that was chosen for another country is forgotten with it, unless it leads to the new one as well.
        """

        def change(cart: Cart, goods: dict[str, Goods]) -> Cart:
            wanted = cart.shipping if shipping is UNSET else shipping
            place = cart.country if country is UNSET else country
            new = msgspec.structs.replace(cart, country=place, shipping=wanted)
            offered = [option.code for option in self._prices.of(new, goods, customer_id).options]
            if wanted is None or wanted in offered:
                return new
            if shipping is UNSET:
                return msgspec.structs.replace(new, shipping=None)
            detail = f"there is no way {wanted!r} to send this cart; offered: {', '.join(offered) or 'none'}"
            raise InvalidError(detail, [Fault("/shipping_method", "not_offered", detail)])

        return self._change(cart_id, change, customer_id, expected_version)

    def redeem(
        self, cart_id: str, *, code: str, customer_id: str | None = None, expected_version: int | None = None
    ) -> Basket:
        """Put a coupon on the cart, in place of another one; raises why it cannot be used."""

        def change(cart: Cart, goods: dict[str, Goods]) -> Cart:
            subtotal = subtotal_of(cart.lines, goods)
            redeemed = self._prices.redeemed(code, subtotal, who=customer_id, customer_id=customer_id)
            if redeemed.refusal is not None:
                raise redeemed.refusal
            return msgspec.structs.replace(cart, coupon=redeemed.code)

        return self._change(cart_id, change, customer_id, expected_version)

    def drop_coupon(
        self, cart_id: str, *, customer_id: str | None = None, expected_version: int | None = None
    ) -> Basket:
        """Take the coupon off the cart; NotFoundError without one."""

        def change(cart: Cart, _goods: dict[str, Goods]) -> Cart:
            if cart.coupon is None:
                raise NotFoundError("coupon", "of this cart")
            return msgspec.structs.replace(cart, coupon=None)

        return self._change(cart_id, change, customer_id, expected_version)

    def merge(self, cart_id: str, *, customer_id: str) -> Basket:
        """Bring a guest's cart along at sign-in: it becomes the customer's, or goes into the one they have.

        Quantities of the same SKU add up to 10,000 at most; of more than 100 lines the guest's last are left out. The
        guest's cart ends with the transaction, so that its id opens nothing afterwards. Repeating the call changes
        nothing: NotFoundError, or the customer's cart if that is what the id names by now.
        """
        for _ in range(_TRIES):
            guest = self._carts.get(cart_id, customer_id=customer_id)
            if guest.order_id is not None:
                raise CartOrderedError(guest)
            if guest.customer_id is not None:
                return self._prices.now(guest, customer_id)
            own = self._carts.find_of_customer(customer_id)
            try:
                if own is None:
                    cart = self._carts.give_to_customer(guest, customer_id)
                else:
                    both = msgspec.structs.replace(merged(own, guest), hold_id=None)
                    cart = self._carts.save(both, instead_of=guest)
                    self._holds.let_go(own.hold_id)
                    self._holds.let_go(guest.hold_id)
            except StaleVersionError:
                continue
            return self._prices.now(cart, customer_id)
        raise _too_fast()

    # -- inside

    def _change(self, cart_id: str, change: Change, customer_id: str | None, expected_version: int | None) -> Basket:
        for _ in range(_TRIES):
            cart = self._carts.get(cart_id, customer_id=customer_id)
            if expected_version is not None and expected_version != cart.version:
                raise StaleVersionError("cart", cart.id, current=cart.version)
            if cart.order_id is not None:
                raise CartOrderedError(cart)
            hold = self._holds.find(cart)
            goods = self._goods.of_lines(cart.lines, held=units_held(hold))
            changed = change(cart, goods)
            if units_of(changed) != units_of(cart):
                changed, hold = msgspec.structs.replace(changed, hold_id=None), None
            try:
                basket = self._saved(changed, goods, customer_id)
            except StaleVersionError:
                if expected_version is not None:
                    raise
                continue
            if changed.hold_id != cart.hold_id:
                self._holds.let_go(cart.hold_id)
            return msgspec.structs.replace(basket, held_until=end_of(hold))
        raise _too_fast()

    def _saved(self, cart: Cart, goods: Mapping[str, Goods], customer_id: str | None) -> Basket:
        """Store a cart and return it priced. It is priced first, so that a cart beyond all money is never stored."""
        basket = self._prices.of(cart, goods, customer_id)
        saved = self._carts.save(cart)
        quote = msgspec.structs.replace(basket.quote, cart_version=saved.version)
        return msgspec.structs.replace(basket, cart=saved, quote=quote)

    def _with_line(self, cart: Cart, goods: dict[str, Goods], wanted: Wanted, *, pointer: str = "") -> Cart:
        quantity = check_quantity(wanted.quantity, pointer=f"{pointer}/quantity")
        try:
            sku = parse_sku(wanted.sku)
        except InvalidError:
            raise UnknownSkuError(wanted.sku, pointer=f"{pointer}/sku") from None
        if sku not in goods:
            goods.update(self._goods.of_skus([sku]))
        if sku not in goods:
            raise UnknownSkuError(sku, pointer=f"{pointer}/sku")
        return with_more(cart, goods[sku], quantity, pointer=pointer)


def _too_fast() -> ConflictError:
    return ConflictError("the cart changes too fast; try again")
