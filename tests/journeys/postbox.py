"""A mail server on this machine, and the letters that it was brought."""

import contextlib
from email import message_from_bytes, policy
from typing import NamedTuple

from aiosmtpd.controller import Controller
from engines import free_port


class Letter(NamedTuple):
    """What somebody reads."""

    to: str
    subject: str
    text: str


class Postbox:
    """Keeps letters, oldest first, and is what a shop is told of it."""

    def __init__(self, address):
        self.settings = {"BODEGA_SMTP_URL": f"smtp://{address}", "BODEGA_MAIL_FROM": "Bodega <shop@shop.example>"}
        self.letters = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.letters.append(Letter(letter["To"], letter["Subject"], letter.get_content()))
        return "250 OK"


@contextlib.contextmanager
def open_postbox():
    """Take letters as long as the block lasts."""
    port = free_port()
    postbox = Postbox(f"127.0.0.1:{port}")
    controller = Controller(postbox, hostname="127.0.0.1", port=port, ready_timeout=60)
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()
