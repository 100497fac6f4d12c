"""Define a customer with an account: what the shop knows of them, which leaves and enters the table only sealed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bodega.errors import Fault, InvalidError, NotFoundError
from bodega.values.address import Address, address_faults
from bodega.values.email import parse_email
from bodega.values.text import is_clean

MAX_ADDRESSES = 20
MAX_NAME_LENGTH = 200
MAX_PHONE_LENGTH = 40


class SavedAddress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An address of a customer's book; one of them is the default as soon as there is any."""

    id: str
    address: Address
    default: bool = False


class Personal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything personal, in one document, so that it is sealed, exported and erased as one."""

    email: str
    name: str = ""
    phone: str = ""
    addresses: tuple[SavedAddress, ...] = ()

    def address(self, address_id: str) -> SavedAddress:
        """Return an address of the book; NotFoundError without it."""
        found = next((saved for saved in self.addresses if saved.id == address_id), None)
        if found is None:
            raise NotFoundError("address", address_id[:80])
        return found

    def check(self) -> None:
        """Refuse what cannot be kept: InvalidError with every fault."""
        faults = []
        for field, most in (("name", MAX_NAME_LENGTH), ("phone", MAX_PHONE_LENGTH)):
            text = getattr(self, field)
            if len(text) > most or not is_clean(text):
                detail = f"{field} has at most {most} characters, without control characters"
                faults.append(Fault(f"/{field}", "bad_text", detail))
        if len(self.addresses) > MAX_ADDRESSES:
            detail = f"an address book has at most {MAX_ADDRESSES} addresses"
            faults.append(Fault("/addresses", "too_many", detail))
        for number, saved in enumerate(self.addresses):
            faults += address_faults(saved.address, f"/addresses/{number}")
        if faults:
            raise InvalidError(faults[0].detail, faults)
        parse_email(self.email)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who can sign in."""

    id: str
    version: int
    created_at: datetime
    changed_at: datetime
    personal: Personal

    def changed(self, personal: Personal, *, at: datetime) -> "Account":
        """Return the account's next version."""
        return msgspec.structs.replace(self, version=self.version + 1, changed_at=at, personal=personal)


def with_address(addresses: Sequence[SavedAddress], saved: SavedAddress) -> tuple[SavedAddress, ...]:
    """Return the book with an address in place of the one of its id, or behind all others; one is the default."""
    known = any(one.id == saved.id for one in addresses)
    book = [saved if one.id == saved.id else one for one in addresses] + ([] if known else [saved])
    return _one_default(book, saved.id if saved.default else None)


def without_address(addresses: Sequence[SavedAddress], address_id: str) -> tuple[SavedAddress, ...]:
    """Return the book without an address; if it was the default, the first that is left becomes it."""
    return _one_default([one for one in addresses if one.id != address_id], None)


def _one_default(book: Sequence[SavedAddress], wanted: str | None) -> tuple[SavedAddress, ...]:
    chosen = wanted or next((one.id for one in book if one.default), book[0].id if book else None)
    return tuple(msgspec.structs.replace(one, default=one.id == chosen) for one in book)
