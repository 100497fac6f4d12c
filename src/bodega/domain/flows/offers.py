"""Offer a place for an import's file, and begin the import when it has been sent there: once, by whoever asked."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.flows.jobs import Job, Jobs
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.objects import ObjectInfo, ObjectStore
from bodega.ports.table import (
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    Key,
    NotExists,
    Put,
    TableStore,
    Update,
    query_all,
)

_OFFERS = "offers"
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_OF_OTHERS = (_PARQUET, b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")  # spreadsheets, old and new, among them
_MOST_ZEROS = 10  # one in ten bytes: a stray one makes a row that is rejected, and not a file
_BEGINNING_BYTES = 4096


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A place that was kept for a file. `asked_by` may begin the import; `job_id` is empty until it began."""

    id: str
    subject: str
    format: str
    columns: Mapping[str, str]
    object_key: str
    max_bytes: int
    asked_by: str
    created_at: datetime
    expires_at: datetime
    job_id: str = ""


class NotUploadedError(ConflictError):
    """The file was not sent yet."""

    code = "not_uploaded"


class UnfitFileError(InvalidError):
    """What was sent is not what was offered a place; it was removed."""

    code = "unfit_file"


class Offers:
    """Places for files by their ids."""

    def __init__(self, *, table: TableStore, objects: ObjectStore, jobs: Jobs, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._objects = objects
        self._jobs = jobs
        self._clock = clock
        self._ids = ids

    def make(
        self,
        *,
        subject: str,
        format: str,  # noqa: A002
        columns: Mapping[str, str],
        max_bytes: int,
        asked_by: str,
        expires_at: datetime,
    ) -> Offer:
        """Keep a place for a file of this kind; nothing is there yet."""
        offer_id = self._ids.new("file")
        offer = Offer(
            id=offer_id,
            subject=subject,
            format=format,
            columns=dict(columns),
            object_key=f"{schema.IMPORTS}{offer_id}.{format}",
            max_bytes=max_bytes,
            asked_by=asked_by,
            created_at=self._clock.now(),
            expires_at=expires_at,
        )
        self._table.transact([Put(schema.JOBS, _item(offer), NotExists())])
        return offer

    def get(self, offer_id: str) -> Offer:
        """Return an offer; NotFoundError if there is none, or it is so old that it was forgotten."""
        item = self._table.get(schema.JOBS, _key(offer_id)) if 0 < len(offer_id) <= 100 else None  # noqa: PLR2004
        if item is None:
            raise NotFoundError("offered place for a file", offer_id[:80])
        return _read(item)

    def begin(self, offer_id: str, *, asked_by: str | None = None) -> Job:
        """Begin the import of the file that was sent; again, it returns the same import.

        `asked_by` is who asks, None for whoever holds the address that the file is sent to. NotFoundError for somebody
        else than asked for the place, NotUploadedError if no file is there, UnfitFileError if it is empty, too large or
        begins as no file of its format does; then it is gone, and another may be sent.
        """
        offer = self.get(offer_id)
        if asked_by is not None and offer.asked_by != asked_by:
            raise NotFoundError("place that this key asked for", offer_id)
        if offer.job_id:
            return self._jobs.get(offer.job_id)
        self._check(offer)
        try:
            return self._jobs.create(
                kind="import",
                subject=offer.subject,
                format=offer.format.removesuffix(".gz"),
                object_key=offer.object_key,
                columns=offer.columns,
                along=lambda job: [_begun(offer, job)],
            )
        except ConditionFailedError:
            # Somebody was a moment earlier, and both mean the same file.
            return self._jobs.get(self.get(offer_id).job_id)

    def forget(self, *, before: datetime) -> int:
        """Forget offers that were made before then, and return how many those were. Files are not touched."""
        old = [offer.id for offer in self._all() if offer.created_at < before]
        self._table.write_batch([Delete(schema.JOBS, _key(offer_id)) for offer_id in old])
        return len(old)

    # -- inside

    def _all(self) -> Iterator[Offer]:
        return map(_read, query_all(self._table, schema.JOBS, _OFFERS))

    def _check(self, offer: Offer) -> None:
        info = self._objects.find(offer.object_key)
        if info is None:
            late = self._clock.now() >= offer.expires_at
            raise NotUploadedError(f"this file was not sent {'in time: ask for a new address' if late else 'yet'}")
        wrong = self._wrong_with(info, offer)
        if wrong:
            self._objects.delete(offer.object_key)
            raise UnfitFileError(f"{wrong}; it was removed", [Fault("/format", "unfit_file", wrong)])

    def _wrong_with(self, info: ObjectInfo, offer: Offer) -> str:
        if info.size_bytes == 0:
            return "the file is empty"
        if info.size_bytes > offer.max_bytes:
            return f"the file has {info.size_bytes} bytes, over {offer.max_bytes}"
        beginning = next(self._objects.stream(offer.object_key, chunk_bytes=_BEGINNING_BYTES), b"")
        return _not_begun_as(beginning, offer.format)


def _not_begun_as(beginning: bytes, format: str) -> str:  # noqa: A002
    """Return what tells that a file is not of its format, empty if nothing does yet: readers look at the rest."""
    if format.endswith(".gz"):
        return "" if beginning.startswith(_GZIP) else "the file is not packed by gzip, as its format says"
    if format == "parquet":
        return "" if beginning.startswith(_PARQUET) else "the file is not Parquet, as its format says"
    if beginning.startswith(_GZIP):
        return f"the file is packed: its format is {format}.gz"
    binary = beginning.startswith(_OF_OTHERS) or beginning.count(0) * _MOST_ZEROS > len(beginning)
    return f"the file is not the text that {format} is" if binary else ""


def _key(offer_id: str) -> Key:
    return Key(_OFFERS, offer_id)


def _item(offer: Offer) -> Item:
    key = _key(offer.id)
    return {"job_id": key.partition, "part": key.sort, "begun": "", "doc": _encode(offer)}


def _read(item: Item) -> Offer:
    offer = _OFFER.decode(cast("bytes", item["doc"]))
    return msgspec.structs.replace(offer, job_id=str(item["begun"]))


def _begun(offer: Offer, job: Job) -> Update:
    return Update(schema.JOBS, _key(offer.id), set={"begun": job.id}, condition=Equals("begun", ""))


_OFFER = msgspec.json.Decoder(Offer)
_encode = msgspec.json.Encoder().encode
