"""Say what pages say again and again in the same words: refusals as sentences, dates."""

from datetime import datetime


def sentence(text: str) -> str:
    """Return a refusal's words as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def date_text(moment: datetime) -> str:
    """Return a date as people write it: `5 March 2026`."""
    return f"{moment.day} {moment:%B %Y}"
