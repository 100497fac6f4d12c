"""Put into words why something is recommended."""

from collections.abc import Collection, Mapping, Sequence

from bodega.domain.catalog.model import Card
from bodega.domain.catalog.shelves import Shelves
from bodega.domain.flows.recommending import Suggestion
from bodega.domain.recommendations.model import Reason
from bodega.web.site import shortened
from bodega.web.storefront.cards import CardView, card_view

_MAX_TITLE = 40
_ABOUT = {
    "because_you_bought": "Because you bought {}",
    "bought_together": "Often bought with {}",
    "similar": "Similar to {}",
}
_PLAIN = {
    "because_you_bought": "Goes with what you bought",
    "buy_again": "You bought this before",
    "bought_together": "Often bought together",
    "similar": "Something similar",
    "trending": "Popular right now",
    "new": "New in",
}


def suggestion_views(
    suggestions: Sequence[Suggestion], shelves: Shelves, *, viewed: Collection[str] = (), eager: int = 0
) -> list[CardView]:
    """Show suggestions with their reasons, naming the products that a reason rests on."""
    named = list(dict.fromkeys(s.reason.because[0] for s in suggestions if s.reason.because))
    cards = shelves.cards(named)
    return [
        card_view(s.card, reason=reason_text(s.reason, cards, viewed), eager=index < eager)
        for index, s in enumerate(suggestions)
    ]


def reason_text(reason: Reason, cards: Mapping[str, Card], viewed: Collection[str]) -> str:
    """Return a reason as a shopper would say it; the product it rests on is named if it is still on sale.

    >>> reason_text(Reason("trending"), {}, ())
    'Popular right now'
    """
    first = reason.because[0] if reason.because else None
    card = cards.get(first) if first is not None else None
    if card is None:
        return "Goes with what you looked at" if first in viewed else _PLAIN.get(reason.code, "")
    title = shortened(card.title, _MAX_TITLE)
    if first in viewed and reason.code in _ABOUT:
        return f"Because you looked at {title}"
    return _ABOUT.get(reason.code, _PLAIN.get(reason.code, "")).format(title)
