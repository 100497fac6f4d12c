"""Show suggestions as a strip of cards: with true reasons, and with what tells the shop which of them are of use."""

from collections.abc import Collection

import msgspec

from bodega.domain.catalog.shelves import Shelves
from bodega.domain.flows.recommending import Suggestions
from bodega.web import links
from bodega.web.links import Href
from bodega.web.storefront.cards import CardView, card_view
from bodega.web.storefront.reasons import reason_text


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """A heading with cards. `shown` is a picture of one pixel that says that the strip was seen."""

    name: str
    title: str
    text: str = ""
    cards: list[CardView]
    shown: Href


def build_strip(
    name: str,
    title: str,
    found: Suggestions,
    shelves: Shelves,
    *,
    text: str = "",
    reasons: bool = True,
    without: Collection[str] = (),
    most: int | None = None,
    eager: int = 0,
) -> Strip | None:
    """Return a strip of what was found, None if that is nothing.

    Without `reasons` none are said: "popular" eight times over is none. `without` leaves out what the page shows
    already; what is left is cut to `most`.
    """
    kept = [s for s in found.items if s.card.id not in without][:most]
    if not kept:
        return None
    named = shelves.cards(list(dict.fromkeys(s.reason.because[0] for s in kept if s.reason.because))) if reasons else {}
    cards = [
        card_view(
            s.card,
            reason=reason_text(s.reason, named) if reasons else "",
            via=found.reference,
            eager=number < eager,
        )
        for number, s in enumerate(kept)
    ]
    return Strip(name=name, title=title, text=text, cards=cards, shown=links.shown(found.request_id))
