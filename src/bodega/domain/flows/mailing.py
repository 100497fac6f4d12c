"""Write to people about what happened to their account or their order."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import quote, urlencode

import msgspec

from bodega.domain.accounts import events
from bodega.domain.accounts.account_security import AccountSecurity
from bodega.domain.accounts.accounts import Accounts
from bodega.domain.accounts.events import CustomerFact
from bodega.domain.flows import letters
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.letters import Words
from bodega.domain.orders.access import order_token
from bodega.domain.orders.model import Order
from bodega.domain.orders.records import ORDER_PLACED
from bodega.domain.orders.service import Orders
from bodega.errors import ShopError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.keys import Keys
from bodega.ports.mail import Letter, Mail, UndeliverableError
from bodega.ports.queue import Message, Queue
from bodega.ports.table import Event
from bodega.values.times import parse_time

_log = logging.getLogger(__name__)
QUEUE = "mail"
LEASE_SECONDS = 120.0
STALE = timedelta(hours=24)
"""What happened longer ago, while the mail server was away, nobody needs to hear any more."""
_FIRST_PAUSE_SECONDS = 15.0
_LONGEST_PAUSE_SECONDS = 3600.0


class _OrderFact(msgspec.Struct):
    id: str
    what: str = ""


class Mailer:
    """Works off the mail queue. Addresses are looked up when a letter is written, so that none waits in a queue.

    `shop_url` is the shop's own address, never one that somebody asked under: a link to a new password must not lead
    to whoever claims to be the shop.
    """

    def __init__(
        self,
        *,
        accounts: Accounts,
        security: AccountSecurity,
        orders: Orders,
        contacts: Contacts,
        mail: Mail,
        queue: Queue,
        keys: Keys,
        clock: Clock,
        shop_url: str,
    ) -> None:
        self._accounts = accounts
        self._security = security
        self._orders = orders
        self._contacts = contacts
        self._mail = mail
        self._queue = queue
        self._keys = keys
        self._clock = clock
        self._shop_url = shop_url.rstrip("/")
        self._about_order: Mapping[str, Callable[[str, Order, str], Words]] = {
            "placed": letters.order_placed,
            "fulfilled": letters.order_sent,
            "cancelled": letters.order_cancelled,
            "refunded": letters.order_refunded,
        }

    def work_once(self, *, limit: int = 10) -> int:
        """Write what is due and return how many events that were."""
        messages = self._queue.receive(QUEUE, limit=limit, lease_seconds=LEASE_SECONDS)
        for message in messages:
            self._handle(message)
        return len(messages)

    def _handle(self, message: Message) -> None:
        try:
            event = msgspec.json.decode(message.body, type=Event)
            letter = None if self._is_stale(event) else self._letter(event)
            if letter is not None:
                self._mail.send(letter)
        except UndeliverableError as exc:
            _log.info("letter undeliverable", extra={"reason": exc.message})
        except UnavailableError as exc:
            pause = min(_FIRST_PAUSE_SECONDS * 2**message.attempt, _LONGEST_PAUSE_SECONDS)
            self._queue.failed(QUEUE, message.receipt, reason=exc.message, retry_in_seconds=pause)
            return
        except Exception as exc:  # noqa: BLE001 - one bad event must not hold up other people's letters; it is logged
            _log.exception("letter not written")
            # Not its text: that may quote what is personal, and reasons are kept in the clear.
            reason = exc.message if isinstance(exc, ShopError) else type(exc).__name__
            self._queue.failed(QUEUE, message.receipt, reason=reason, retry_in_seconds=_FIRST_PAUSE_SECONDS)
            return
        self._queue.done(QUEUE, message.receipt)

    def _is_stale(self, event: Event) -> bool:
        return self._clock.now() - parse_time(event.occurred_at) > STALE

    def _letter(self, event: Event) -> Letter | None:
        """Return the letter that an event calls for, None if it calls for none or there is nobody to write to."""
        if event.name.startswith("order."):
            return self._order_letter(event)
        fact = msgspec.json.decode(event.data, type=CustomerFact)
        account = self._accounts.find(fact.id)
        if account is None:
            return None  # forgotten meanwhile
        to, name = account.personal.email, account.personal.name
        match event.name:
            case events.REGISTERED:
                words = letters.welcome(name, f"{self._shop_url}/account")
            case events.RESET_REQUESTED:
                token = self._security.issue_reset(fact.id)
                words = letters.reset(name, f"{self._shop_url}/reset?{urlencode({'token': token})}")
            case events.PASSWORD_CHANGED:
                words = letters.password_changed(name, f"{self._shop_url}/forgotten")
            case events.EMAIL_CHANGED:
                words = letters.email_changed(name, to)
                to = self._security.old_address(fact.id, fact.sealed) or to
            case _:
                return None
        return Letter(id=event.id, to=to, subject=words.subject, text=words.text)

    def _order_letter(self, event: Event) -> Letter | None:
        fact = msgspec.json.decode(event.data, type=_OrderFact)
        write = self._about_order.get("placed" if event.name == ORDER_PLACED else fact.what)
        order = self._orders.find(fact.id) if write is not None else None
        contact = self._contacts.of(order) if order is not None else None
        if write is None or order is None or contact is None:
            return None
        token = urlencode({"token": order_token(self._keys, order.id)})
        words = write(contact.shipping.name, order, f"{self._shop_url}/orders/{quote(order.id)}?{token}")
        return Letter(id=event.id, to=contact.email, subject=words.subject, text=words.text)
