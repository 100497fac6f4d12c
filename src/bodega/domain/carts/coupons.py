"""Keep coupons, and count their uses inside the transaction that uses them."""

import unicodedata
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from bodega import schema
from bodega.domain.carts.coupon import (
    Coupon,
    CouponExpiredError,
    CouponInput,
    CouponInUseError,
    CouponMinimumError,
    CouponNotYetError,
    CouponTakenError,
    CouponUsedUpError,
    ForeignCouponError,
    UnknownCouponError,
)
from bodega.domain.carts.model import fold_code
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError, StaleVersionError
from bodega.ports.clock import Clock
from bodega.ports.table import (
    All,
    AtLeast,
    AtMost,
    Delete,
    Equals,
    Item,
    Key,
    Missing,
    NotExists,
    Put,
    SortRange,
    TableStore,
    Update,
)
from bodega.ports.table import Any as AnyOf
from bodega.values.decode import convert
from bodega.values.merge_patch import merge_patch, settable
from bodega.values.page import DEFAULT_LIMIT, Page, Position
from bodega.values.shares import parts_per_million
from bodega.values.times import format_time

_LISTED = "coupons"
_PART = "coupon"
READ_ONLY = ("used", "version")


class Coupons:
    """Coupons by their codes, which are compared without case and in NFKC."""

    def __init__(self, *, table: TableStore, clock: Clock, currency: str) -> None:
        self._table = table
        self._clock = clock
        self._currency = currency

    # -- for staff

    def create(self, given: CouponInput) -> Coupon:
        """Add a coupon; CouponTakenError if its code is there in any spelling."""
        coupon = self._checked(given)
        folded = fold_code(coupon.code)
        plan = WritePlan()
        plan.add(
            Put(schema.SELLING, _item(coupon, folded), NotExists()),
            otherwise=lambda _: CouponTakenError(f"there is already a coupon {coupon.code!r}"),
        )
        plan.add(Put(schema.SELLING, {"entity": _LISTED, "part": folded}))
        plan.commit(self._table)
        return coupon

    def get(self, code: str) -> Coupon:
        """Return a coupon; NotFoundError if there is none."""
        coupon = self.find(code)
        if coupon is None:
            raise NotFoundError("coupon", code[:80])
        return coupon

    def find(self, code: str) -> Coupon | None:
        """Return a coupon, None for a code that nobody gave out."""
        try:
            item = self._table.get(schema.SELLING, _key(fold_code(code)))
        except InvalidError:
            return None
        return _read(item) if item is not None else None

    def list(self, *, position: Position | None = None, limit: int = DEFAULT_LIMIT) -> Page[Coupon]:
        """Return a page of coupons in order of their folded codes; forwards only."""
        after = Key(_LISTED, position.after) if position is not None else None
        rows: list[Coupon] = []
        last: str | None = None
        while len(rows) < limit:
            page = self._table.query(schema.SELLING, _LISTED, after=after, sort=SortRange(), limit=min(limit, 100))
            keys = [_key(cast("str", entry["part"])) for entry in page.items]
            found = self._table.batch_get(schema.SELLING, keys) if keys else {}
            for entry, key in zip(page.items, keys, strict=True):
                if key in found and len(rows) < limit:
                    rows.append(_read(found[key]))
                    last = cast("str", entry["part"])
            if page.last is None:
                break
            after = page.last
        return Page(rows, Position(last) if len(rows) == limit and last is not None else None)

    def change(self, code: str, document: Mapping[str, Any], *, expected_version: int | None) -> Coupon:
        """Apply a JSON Merge Patch to a coupon; its code stays, and what was used stays used."""
        old = self.get(code)
        if expected_version is not None and expected_version != old.version:
            raise StaleVersionError("coupon", old.code, current=old.version)
        given = _patched(old, document)
        if fold_code(given.code) != fold_code(old.code):
            detail = "a coupon's code cannot be changed"
            raise InvalidError(detail, [Fault("/code", "read_only", detail)])
        new = msgspec.structs.replace(self._checked(given), used=old.used, version=old.version + 1)
        plan = WritePlan()
        # The counter is not touched: orders may count it up at this very moment.
        change: Item = {"doc": _encode(new), "version": new.version}
        plan.add(
            Update(schema.SELLING, _key(fold_code(old.code)), set=change, condition=Equals("version", old.version)),
            otherwise=lambda item: _overtaken(old.code, item),
        )
        plan.commit(self._table)
        return new

    def remove(self, code: str, *, expected_version: int | None) -> None:
        """Forget a coupon that no order was placed with; CouponInUseError for one that was used."""
        old = self.get(code)
        version = old.version if expected_version is None else expected_version
        folded = fold_code(old.code)
        plan = WritePlan()
        unused = All((Equals("version", version), AtMost("used", 0)))
        plan.add(Delete(schema.SELLING, _key(folded), unused), otherwise=lambda item: _not_removed(old, version, item))
        plan.add(Delete(schema.SELLING, Key(_LISTED, folded)))
        plan.commit(self._table)

    # -- for carts and checkout

    def check(self, coupon: Coupon, *, subtotal: int, customer_id: str | None, who: str | None) -> None:
        """Raise why the coupon cannot be used now for goods of this value.

        `customer_id` is None for a guest, who cannot use a customer's coupon. `who` is whose uses are counted (see
        `plan_use`); while that is not known, the limit of each customer is left for checkout to hold.
        """
        now = self._clock.now()
        if not coupon.active:
            raise _refused(UnknownCouponError, f"there is no coupon {coupon.code!r}")
        if coupon.valid_from is not None and now < coupon.valid_from:
            raise _refused(CouponNotYetError, f"{coupon.code!r} holds from {format_time(coupon.valid_from)}")
        if coupon.valid_until is not None and now >= coupon.valid_until:
            raise _refused(CouponExpiredError, f"{coupon.code!r} held until {format_time(coupon.valid_until)}")
        if coupon.customer_id is not None and coupon.customer_id != customer_id:
            raise _refused(ForeignCouponError, f"{coupon.code!r} belongs to another customer")
        if coupon.limit_total is not None and coupon.used >= coupon.limit_total:
            raise CouponUsedUpError(f"{coupon.code!r} was used up")
        if coupon.limit_per_customer is not None and who is not None:
            item = self._table.get(schema.SELLING, _customer_key(fold_code(coupon.code), who))
            if item is not None and cast("int", item["used"]) >= coupon.limit_per_customer:
                raise _used_up_for_you(coupon)
        if coupon.minimum_subtotal is not None and subtotal < coupon.minimum_subtotal.amount:
            asked = coupon.minimum_subtotal.format()
            raise _refused(CouponMinimumError, f"{coupon.code!r} is for carts of {asked} and more")

    def plan_use(self, plan: WritePlan, code: str, *, who: str | None) -> None:
        """Add to a placing transaction what counts one use, and refuses it beyond a limit: at most two writes.

        `who` tells customers apart: a customer's id or, for guests, a digest of what they are known by. Time and
        minimum are not asked again: they held when the shopper was told the price. Raises UnknownCouponError for a
        coupon that was withdrawn; a limit reached meanwhile fails the commit with a CouponUsedUpError.
        """
        coupon = self.find(code)
        if coupon is None or not coupon.active:
            raise _refused(UnknownCouponError, f"there is no coupon {code[:40]!r}")
        if coupon.limit_per_customer is not None and who is None:
            raise _refused(ForeignCouponError, f"{coupon.code!r} is for customers who say who they are")
        folded = fold_code(coupon.code)
        same = Equals("version", coupon.version)
        free = same if coupon.limit_total is None else All((same, AtMost("used", coupon.limit_total - 1)))
        plan.add(
            Update(schema.SELLING, _key(folded), add={"used": 1}, condition=free),
            otherwise=lambda item: _not_used(coupon, item),
        )
        if who is not None:
            limit = coupon.limit_per_customer
            left = None if limit is None else AnyOf((Missing("used"), AtMost("used", limit - 1)))
            plan.add(
                Update(schema.SELLING, _customer_key(folded, who), add={"used": 1}, condition=left),
                otherwise=lambda _: _used_up_for_you(coupon),
            )

    def plan_return(self, plan: WritePlan, code: str, *, who: str | None) -> None:
        """Add to a cancelling transaction what takes back one use that `plan_use` counted with the same arguments.

        Nothing for a counter that is not there any more; StaleVersionError on commit if that happens meanwhile.
        """
        folded = fold_code(code)
        keys = [_key(folded), *([_customer_key(folded, who)] if who is not None else [])]
        counted = self._table.batch_get(schema.SELLING, keys)
        for key in keys:
            if cast("int", counted.get(key, {}).get("used", 0)) >= 1:
                plan.add(
                    Update(schema.SELLING, key, add={"used": -1}, condition=AtLeast("used", 1)),
                    otherwise=lambda _: StaleVersionError("coupon", code, current=0),
                )

    # -- inside

    def _checked(self, given: CouponInput) -> Coupon:
        code = unicodedata.normalize("NFKC", given.code).strip()
        fold_code(code)
        faults = [*_value_faults(given), *_money_faults(given, self._currency)]
        if given.valid_from and given.valid_until and given.valid_from >= given.valid_until:
            faults.append(Fault("/valid_until", "out_of_order", "valid_until is not after valid_from"))
        for name in ("valid_from", "valid_until"):
            moment = getattr(given, name)
            if moment is not None and moment.tzinfo is None:
                faults.append(Fault(f"/{name}", "no_offset", f"{name} has no UTC offset"))
        if faults:
            raise InvalidError(f"the coupon has {len(faults)} fault(s): {faults[0].detail}", faults)
        return Coupon(**(msgspec.structs.asdict(given) | {"code": code}))


_COUPON = msgspec.json.Decoder(Coupon)
_encode = msgspec.json.Encoder().encode


def _key(folded: str) -> Key:
    return Key(f"coupon#{folded}", _PART)


def _customer_key(folded: str, who: str) -> Key:
    return Key(f"coupon#{folded}", f"who#{who}")


def _item(coupon: Coupon, folded: str) -> Item:
    key = _key(folded)
    return {
        "entity": key.partition,
        "part": key.sort,
        "doc": _encode(coupon),
        "used": coupon.used,
        "version": coupon.version,
    }


def _read(item: Item) -> Coupon:
    stored = _COUPON.decode(cast("bytes", item["doc"]))
    return msgspec.structs.replace(stored, used=cast("int", item["used"]))


def _patched(old: Coupon, document: Mapping[str, Any]) -> CouponInput:
    current = msgspec.to_builtins(old)
    changes = settable(document, current, READ_ONLY)
    editable = {name: value for name, value in current.items() if name not in READ_ONLY}
    return convert(merge_patch(editable, changes), CouponInput)


def _value_faults(given: CouponInput) -> list[Fault]:
    faults = []
    for kind in ("percent", "amount"):
        if (getattr(given, kind) is not None) != (given.kind == kind):
            detail = f"{kind} goes with the kind {kind!r}, and with no other"
            faults.append(Fault(f"/{kind}", "mismatch", detail))
    if given.percent is not None:
        try:
            parts_per_million(given.percent)
        except InvalidError as exc:
            faults.append(Fault("/percent", "out_of_range", exc.message))
    return faults


def _money_faults(given: CouponInput, currency: str) -> list[Fault]:
    faults = []
    for name, low in (("amount", 1), ("minimum_subtotal", 0)):
        money = getattr(given, name)
        if money is not None and (money.currency != currency or money.amount < low):
            detail = f"{name} is an amount of {currency} of at least {low}"
            faults.append(Fault(f"/{name}", "bad_amount", detail))
    return faults


def _refused(kind: type[InvalidError], detail: str) -> InvalidError:
    return kind(detail, [Fault("/code", kind.code, detail)])


def _used_up_for_you(coupon: Coupon) -> CouponUsedUpError:
    return CouponUsedUpError(f"{coupon.code!r} can be used {coupon.limit_per_customer} time(s) by each customer")


def _not_used(coupon: Coupon, item: Item | None) -> ShopError:
    if item is None:
        return _refused(UnknownCouponError, f"there is no coupon {coupon.code!r}")
    if item["version"] != coupon.version:
        return ConflictError(f"coupon {coupon.code!r} was changed meanwhile; try again")
    return CouponUsedUpError(f"{coupon.code!r} was used up")


def _not_removed(coupon: Coupon, version: int, item: Item | None) -> ShopError:
    if item is not None and item["version"] == version:
        return CouponInUseError(f"orders were placed with {coupon.code!r}: set active to false instead")
    return _overtaken(coupon.code, item)


def _overtaken(code: str, item: Item | None) -> ShopError:
    if item is None:
        return NotFoundError("coupon", code)
    return StaleVersionError("coupon", code, current=cast("int", item["version"]))
