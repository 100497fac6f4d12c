"""Tell the files of imports apart, how they are to be read, and whether one that was read in part is still the same."""

from hashlib import sha256
from pathlib import Path

import msgspec

from bodega.domain.flows.job_records import Checkpoint, Job
from bodega.errors import Fault, InvalidError

FORMATS = ("jsonl", "csv", "parquet")
PACKED = ".gz"


def continued(job: Job, fingerprint: str) -> Job:
    """Return the job as it goes on: from its checkpoint, or from the start if what was read so far has changed.

    A fingerprint's first word stands for the beginning of the file, the whole for all of it. Sales are grouped over
    the whole file, so that a change anywhere means to start over, which only costs time: nothing is written twice.
    """
    same = job.fingerprint == fingerprint
    same_start = job.fingerprint.split(":", 1)[0] == fingerprint.split(":", 1)[0]
    if same or (same_start and job.subject != "sales"):
        return msgspec.structs.replace(job, fingerprint=fingerprint)
    return msgspec.structs.replace(
        job,
        fingerprint=fingerprint,
        checkpoint=Checkpoint(),
        read=0,
        created=0,
        changed=0,
        unchanged=0,
        rejected=0,
        rejected_by_reason={},
        counts={},
    )


def identity_of(job: Job, path: Path) -> str:
    """Return what makes two imports the same: the file, and how it is to be read."""
    how = (
        job.subject,
        str(path),
        job.format,
        sorted(job.columns.items()),
        sorted(job.options.items()),
        job.fingerprint,
    )
    return sha256(msgspec.json.encode(how)).hexdigest()


def format_of(key: str, given: str | None) -> str:
    """Return the format of an uploaded file: what was said of it, else what its name says, which may be packed."""
    name = key.lower()
    packed = PACKED if name.endswith(PACKED) else ""
    if given is not None:
        return given.removesuffix(PACKED) + (PACKED if given.endswith(PACKED) else packed)
    for known in FORMATS:
        if name.removesuffix(PACKED).endswith(f".{known}"):
            return known + packed
    detail = f"the format of {key[-80:]!r} is not clear; give one of {', '.join(FORMATS)}"
    raise InvalidError(detail, [Fault("/format", "required", detail)])
