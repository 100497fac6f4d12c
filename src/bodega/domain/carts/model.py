"""Define what a cart is, and what may be said of its lines."""

import unicodedata
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from bodega.errors import ConflictError, Fault, InvalidError, ShopError
from bodega.values.money import Money
from bodega.values.quote import Quote, QuoteLine
from bodega.values.text import is_clean

MAX_LINES = 100
MAX_QUANTITY = 10_000
MAX_CODE_LENGTH = 40
STANDARD = "standard"
ANYWHERE = "*"

StockState: TypeAlias = Literal["in_stock", "low_stock", "backorder", "out_of_stock"]
Country: TypeAlias = Annotated[
    str, Meta(min_length=2, max_length=2, pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2, in capitals.")
]
Place: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=2, pattern="^([A-Z]{2}|[*])$", description="A country, or `*` for all others.")
]
Percent: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=8,
        pattern="^[0-9]{1,3}([.][0-9]{1,4})?$",
        description="0 to 100, at most four decimals, as text.",
        examples=["8.875"],
    ),
]
Handle: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=40, pattern="^[a-z0-9]+([-_][a-z0-9]+)*$", examples=["express"])
]


class CartLine(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """So many units of a SKU; `price` and `stock` are what the shopper saw when they last touched the line."""

    sku: str
    product_id: str
    quantity: int
    price: Money | None = None
    stock: StockState = "in_stock"


class Cart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cart as stored. It has no prices that count: those are computed whenever somebody looks.

    Whoever knows the id of a guest's cart may use it; one with a customer is theirs alone. `shipping` is the chosen
    method, `order_id` what became of it, `hold_id` the hold that was placed for its lines and may be over by now.
    `expires_at` is in epoch seconds.
    """

    id: str
    created_at: datetime
    updated_at: datetime
    expires_at: int
    lines: tuple[CartLine, ...] = ()
    customer_id: str | None = None
    coupon: str | None = None
    country: str | None = None
    shipping: str | None = None
    order_id: str | None = None
    hold_id: str | None = None
    version: int = 1

    def find_line(self, sku: str) -> CartLine | None:
        """Return the line of a SKU, None if it is not in the cart."""
        return next((line for line in self.lines if line.sku == sku), None)


class Goods(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the catalog and the stock say of a SKU right now. `available` is None where there is no end to it."""

    sku: str
    product_id: str
    slug: str
    name: str
    price: Money
    weight_grams: int = 0
    tax_class: str = STANDARD
    stock: StockState = "in_stock"
    available: int | None = None
    image: str | None = None

    def covers(self, quantity: int) -> bool:
        """Tell whether so many could be sold."""
        return self.available is None or quantity <= self.available


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a shopper should know before they pay: a stable code, words, and what was and is."""

    code: Literal[
        "price_changed", "stock_changed", "insufficient_stock", "unavailable", "coupon_refused", "shipping_changed"
    ]
    detail: str
    sku: str | None = None
    old_price: Money | None = None
    new_price: Money | None = None
    old_stock: StockState | None = None
    new_stock: StockState | None = None
    wanted: int | None = None
    available: int | None = None


class ShippingOption(msgspec.Struct, frozen=True):
    """A way to send this cart, and what it costs."""

    code: str
    name: str
    price: Money


class BasketLine(msgspec.Struct, frozen=True):
    """A line and what is known of it; without `quote` it is not for sale now and does not count."""

    line: CartLine
    goods: Goods | None
    quote: QuoteLine | None


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """A cart with the prices of this moment. `obstacle` is why it cannot be checked out, None if it can.

    `held_until` is how long its units are promised to it, None if they are not.
    """

    cart: Cart
    lines: tuple[BasketLine, ...]
    quote: Quote
    options: tuple[ShippingOption, ...] = ()
    notices: tuple[Notice, ...] = ()
    obstacle: ShopError | None = None
    held_until: datetime | None = None


class UnknownSkuError(InvalidError):
    """Nothing with this SKU is for sale."""

    code = "unknown_sku"

    def __init__(self, sku: str, *, pointer: str = "/sku") -> None:
        detail = f"nothing with the SKU {sku[:80]!r} is for sale"
        super().__init__(detail, [Fault(pointer, self.code, detail)])
        self.sku = sku


class TooFewError(ConflictError):
    """There are fewer than was wanted; the cart is as it was."""

    code = "insufficient_stock"

    def __init__(self, sku: str, *, wanted: int, available: int) -> None:
        super().__init__(f"{wanted} of {sku!r} wanted, {available} available")
        self.sku = sku
        self.wanted = wanted
        self.available = available


class CartOrderedError(ConflictError):
    """The cart became an order and does not change any more."""

    code = "cart_ordered"

    def __init__(self, cart: Cart) -> None:
        super().__init__(f"this cart became order {cart.order_id}; start a new one")
        self.order_id = cart.order_id


class CartChangedError(ConflictError):
    """The cart is not what was quoted any more: it was changed, merged into another, or is gone."""

    code = "cart_changed"

    def __init__(self) -> None:
        super().__init__("the cart was changed meanwhile; look at it again")


class EmptyCartError(ConflictError):
    """There is nothing in the cart to sell."""

    code = "cart_empty"


class UnavailableLinesError(ConflictError):
    """Lines of the cart are not for sale any more; `skus` names them."""

    code = "unavailable_lines"

    def __init__(self, skus: tuple[str, ...]) -> None:
        listed = ", ".join(repr(sku) for sku in skus[:5])
        super().__init__(f"not for sale any more: {listed}{', …' if len(skus) > 5 else ''}; take it out of the cart")  # noqa: PLR2004
        self.skus = skus


class CountryNeededError(ConflictError):
    """Shipping or tax depend on the country, and the cart does not say one."""

    code = "country_needed"


class NoShippingError(ConflictError):
    """Nothing of the shipping table takes this cart to its country."""

    code = "no_shipping"


def check_quantity(quantity: int, *, pointer: str = "/quantity") -> int:
    """Return the quantity if it is one that a line can have."""
    if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        detail = f"a quantity is a whole number from 1 to {MAX_QUANTITY}"
        raise InvalidError(detail, [Fault(pointer, "out_of_range", detail)])
    return quantity


def fold_code(code: str) -> str:
    """Return a coupon's code as it is compared: NFKC, without case. InvalidError for what can be no code.

    >>> fold_code("Spring\uff0d10") == fold_code("SPRING-10")
    True
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", code[:1000]).casefold()).strip()
    if not 1 <= len(folded) <= MAX_CODE_LENGTH or not is_clean(folded) or any(c.isspace() for c in folded):
        detail = f"a coupon's code is 1 to {MAX_CODE_LENGTH} characters without spaces"
        raise InvalidError(detail, [Fault("/code", "bad_code", detail)])
    return folded
