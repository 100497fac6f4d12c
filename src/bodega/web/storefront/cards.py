"""Show products small: the card that lists, strips and suggestions share."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from bodega.domain.catalog.model import Card, Media, Rating
from bodega.values.money import Money
from bodega.web import links
from bodega.web.links import Href

_SQUARE = 800
_TONES = 6


class Picture(msgspec.Struct, frozen=True):
    """A picture with its size, so that the page does not jump when it arrives.

    `sources` names it in all widths that it is there in, for browsers to choose from; "" if there is one alone.
    """

    href: Href
    alt: str
    width: int
    height: int
    eager: bool = False
    sources: Href = Href("")


class Stars(msgspec.Struct, frozen=True):
    """A rating: in words, in half stars (0 to 10) and with its number of reviews."""

    average: str
    halves: int
    count: str


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """A card; `tone` picks the paper behind a product that has no picture."""

    href: Href
    title: str
    brand: str
    price: str
    compare_at: str
    saving: str
    prefix: str
    picture: Picture | None
    stars: Stars | None
    reason: str = ""
    tone: int = 0
    initial: str = ""


_decode = msgspec.json.Decoder(Card).decode


def decoded(cards: Iterable[bytes]) -> list[Card]:
    """Return the cards of a shelf page."""
    return [_decode(card) for card in cards]


def card_views(cards: Sequence[Card], *, eager: int = 0) -> list[CardView]:
    """Show cards; the first `eager` pictures load at once, the others when they are about to be seen."""
    return [card_view(card, eager=index < eager) for index, card in enumerate(cards)]


def card_view(card: Card, *, reason: str = "", via: str = "", eager: bool = False) -> CardView:
    """Show a card; if it is a suggestion with its reason, and with the list that it stands in."""
    return CardView(
        href=links.product(card.slug, via=via),
        title=card.title,
        brand=card.brand,
        price=card.price.format() if card.price else "",
        compare_at=compare_at_text(card.price, card.compare_at),
        saving=saving_text(card.price, card.compare_at),
        prefix="From" if card.price_varies else "",
        picture=picture(card.image, card.title, eager=eager) if card.image else None,
        stars=stars(card.rating),
        reason=reason,
        tone=tone(card.id),
        initial=initial(card.title),
    )


def picture(media: Media, title: str, *, eager: bool = False) -> Picture:
    """Show a picture; the product's title stands in for a missing alternative text."""
    width = media.width or _SQUARE
    return Picture(
        links.media(media.key),
        media.alt or title,
        width,
        media.height or _SQUARE,
        eager,
        links.media_sources(media.key, width, media.widths),
    )


def stars(rating: Rating) -> Stars | None:
    """Show a rating, None without reviews."""
    if not rating.count:
        return None
    return Stars(f"{rating.average:.1f}", max(0, min(10, round(rating.average * 2))), f"{rating.count:,}")


def compare_at_text(price: Money | None, compare_at: Money | None) -> str:
    """Return the former price if it was higher, else nothing."""
    return compare_at.format() if is_reduced(price, compare_at) and compare_at else ""


def saving_text(price: Money | None, compare_at: Money | None) -> str:
    """Return how much lower the price is than before, in whole per cent, if it is."""
    if not is_reduced(price, compare_at) or price is None or compare_at is None:
        return ""
    percent = (compare_at.amount - price.amount) * 100 // compare_at.amount
    return f"\N{MINUS SIGN}{percent}%" if percent else ""


def is_reduced(price: Money | None, compare_at: Money | None) -> bool:
    """Tell whether there is a higher former price in the same currency."""
    return bool(price and compare_at and compare_at.currency == price.currency and compare_at.amount > price.amount)


def tone(product_id: str) -> int:
    """Return the number of a product's paper, always the same for the same product."""
    return hashlib.blake2b(product_id.encode(), digest_size=1).digest()[0] % _TONES


def initial(title: str) -> str:
    """Return the first letter or digit of a title, for the paper of a product without a picture."""
    return next((c.upper() for c in title if c.isalnum()), "·")
