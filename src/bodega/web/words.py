"""Say what pages say again and again in the same words: refusals as sentences, dates."""

from datetime import datetime


def sentence(text: str) -> str:
    """Return a refusal's words as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def date_text(moment: datetime) -> str:
    """Return a date as people write it: `5 March 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def time_text(moment: datetime) -> str:
    """Return a date and a time as staff read them in lists: `5 Mar 2026, 14:05` (UTC)."""
    return f"{moment.day} {moment:%b %Y, %H:%M}"


GOODS = {
    "placed": "waiting for the money",
    "paid": "to be sent",
    "fulfilled": "sent",
    "delivered": "delivered",
    "cancelled": "called off",
    "returned": "come back",
}
"""States of orders in the words that staff read."""
MONEY = {
    "none": "none",
    "authorised": "reserved",
    "paid": "paid",
    "refunded_partly": "refunded in part",
    "refunded": "refunded",
    "voided": "given up",
}
"""States of an order's payment in the words that staff read."""
