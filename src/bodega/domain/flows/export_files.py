"""Keep the files of finished exports: as they are, or sealed if they say who people are."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bodega import schema
from bodega.domain.flows.exporting import ABOUT_PEOPLE
from bodega.domain.flows.file_chunks import chunks_of
from bodega.domain.flows.job_records import Job
from bodega.domain.flows.sealed_files import SUFFIX, sealed, unsealed
from bodega.ports.keys import Keys
from bodega.ports.objects import ObjectInfo, ObjectStore

_LINKED = timedelta(minutes=5)


class ExportFiles:
    """Files of exports in the object store."""

    def __init__(self, *, objects: ObjectStore, keys: Keys) -> None:
        self._objects = objects
        self._keys = keys

    def put(self, job: Job, path: Path) -> ObjectInfo:
        """Put what a job wrote into the store; what says who people are goes in sealed."""
        key = f"{schema.EXPORTS}{job.id}/{path.name}"
        if job.subject not in ABOUT_PEOPLE:
            return self._objects.put(key, chunks_of(path))
        key += SUFFIX
        return self._objects.put(key, sealed(self._keys, key, chunks_of(path)))

    def open(self, job: Job) -> tuple[Iterator[bytes], int | None] | None:
        """Return the file of a finished export in chunks, and its size unless it is sealed; None if it is not kept."""
        info = self._objects.find(job.object_key or "")
        if info is None:
            return None
        stream = self._objects.stream(info.key)
        if info.key.endswith(SUFFIX):
            return unsealed(self._keys, info.key, stream), None
        return stream, info.size_bytes

    def link(self, job: Job, *, over_bytes: int) -> str | None:
        """Return an address of a finished export's file, for a few minutes, if it is so large.

        None if it is not, or can only come through the shop: because it is sealed, or there is no other way.
        """
        info = self._objects.find(job.object_key or "")
        if info is None or info.key.endswith(SUFFIX) or info.size_bytes <= over_bytes:
            return None
        return self._objects.link(info.key, lifetime=_LINKED)
