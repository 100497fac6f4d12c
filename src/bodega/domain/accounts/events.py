"""Name what happens to customers' accounts. Events say whose, and nothing personal that is not sealed."""

from datetime import datetime

import msgspec

from bodega.domain.accounts.profile import Account
from bodega.ports.table import Event
from bodega.values.times import format_time

REGISTERED = "customer.registered"
CHANGED = "customer.changed"
EMAIL_CHANGED = "customer.email_changed"
PASSWORD_CHANGED = "customer.password_changed"  # noqa: S105 - the name of an event
RESET_REQUESTED = "customer.reset_requested"
ERASED = "customer.erased"


class CustomerFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an event tells. `sealed` opens only with the customer's own key: the address that they had before."""

    id: str
    sealed: bytes = b""


def customer_event(event_id: str, name: str, account: Account, *, sealed: bytes = b"") -> Event:
    """Return a fact about an account, at the version that it made."""
    return Event(
        id=event_id,
        name=name,
        resource=account.id,
        version=account.version,
        occurred_at=format_time(account.changed_at),
        data=msgspec.json.encode(CustomerFact(account.id, sealed)),
    )


def reset_requested(event_id: str, customer_id: str, *, at: datetime) -> Event:
    """Return the fact that somebody asked for a new password. It changes no account, and has no version of one."""
    return Event(
        id=event_id,
        name=RESET_REQUESTED,
        resource=f"{customer_id}.reset",
        version=int(at.timestamp() * 1000),
        occurred_at=format_time(at),
        data=msgspec.json.encode(CustomerFact(customer_id)),
    )
