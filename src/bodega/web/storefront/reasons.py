"""Put into words why something is recommended."""

from collections.abc import Mapping

from msgspec import UNSET

from bodega.domain.catalog.model import Card
from bodega.domain.recommendations.model import Reason
from bodega.web.site import shortened

_MAX_TITLE = 40
_WEEKS_FROM_DAYS = 14
_ABOUT = {
    "because_you_bought": "Because you bought {}",
    "because_you_viewed": "Because you looked at {}",
    "because_in_cart": "Goes with {} in your cart",
    "bought_together": "Often bought with {}",
    "similar": "Similar to {}",
    "also_bought": "Chosen by customers of {}",
}
_PLAIN = {
    "because_you_bought": "Goes with what you bought",
    "because_you_viewed": "Goes with what you looked at",
    "because_in_cart": "Goes with what is in your cart",
    "bought_together": "Often bought together",
    "similar": "Something similar",
    "also_bought": "Chosen by the same customers",
    "buy_again": "You bought this before",
    "recently_viewed": "You looked at this",
    "trending": "Selling faster than usual",
    "popular": "Popular right now",
    "new": "New on our shelves",
    "picked": "Picked by our staff",
}


def reason_text(reason: Reason, cards: Mapping[str, Card]) -> str:
    """Return a reason as a shopper would say it; the product it rests on is named if it is still on sale.

    >>> reason_text(Reason("popular"), {})
    'Popular right now'
    >>> reason_text(Reason("buy_again", ("prod_1",), 30), {})
    'You buy this about every 4 weeks'
    """
    if reason.every_days is not UNSET:
        return f"You buy this about every {_span(reason.every_days)}"
    card = cards.get(reason.because[0]) if reason.because else None
    if card is None or reason.code not in _ABOUT:
        return _PLAIN.get(reason.code, "")
    return _ABOUT[reason.code].format(shortened(card.title, _MAX_TITLE))


def _span(days: int) -> str:
    if days == 1:
        return "day"
    return f"{days} days" if days < _WEEKS_FROM_DAYS else f"{round(days / 7)} weeks"
