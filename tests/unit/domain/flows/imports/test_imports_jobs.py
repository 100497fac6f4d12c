"""Jobs: recorded, queued, resumed, and run by one at a time."""

import gzip
import itertools

import pyarrow as pa
import pytest
from pyarrow import parquet

from bodega.domain.flows.imports import products
from bodega.domain.flows.jobs import QUEUE
from bodega.errors import ConflictError, InvalidError, NotFoundError


def rows(number):
    return [{"sku": f"S{i:03d}", "title": f"Thing {i}"} for i in range(number)]


def upload(shop, path, key="imports/up/rows.jsonl"):
    shop.world.objects.put(key, path.read_bytes())
    return key


def test_a_queued_import_is_run_by_the_worker(shop, write):
    key = upload(shop, write(*rows(3), {"sku": "BAD"}))

    job = shop.jobs.create(kind="import", subject="products", object_key=key)
    worked = shop.jobs.work_once(limit=1)

    done = shop.jobs.get(job.id)
    assert (job.state, job.format, worked) == ("waiting", "jsonl", 1)
    assert (done.state, done.created, done.rejected) == ("done", 3, 1)
    assert shop.world.queue.depth(QUEUE) == 0
    assert shop.jobs.work_once() == 0


@pytest.mark.parametrize("said", [None, "jsonl", "jsonl.gz"])
def test_a_packed_upload_is_unpacked_whatever_was_said_of_its_format(shop, write, said):
    shop.world.objects.put("imports/up/rows.jsonl.gz", gzip.compress(write(*rows(3)).read_bytes()))

    job = shop.jobs.create(kind="import", subject="products", object_key="imports/up/rows.jsonl.gz", format=said)
    shop.jobs.work_once()

    assert shop.jobs.get(job.id).created == 3


def test_a_queued_export_is_put_into_the_object_store(shop, write, take):
    take(shop, "products", write(*rows(3)))

    job = shop.jobs.create(kind="export", subject="products", format="csv")
    shop.jobs.work_once()

    done = shop.jobs.get(job.id)
    assert (done.state, done.read) == ("done", 3)
    assert shop.world.objects.get(done.object_key).count(b"\n") == 4


def test_a_file_that_cannot_be_read_fails_the_job_and_is_not_tried_again(shop):
    shop.world.objects.put("imports/up/rows.parquet", b"not parquet")

    job = shop.jobs.create(kind="import", subject="products", object_key="imports/up/rows.parquet")
    shop.jobs.work_once()

    assert shop.jobs.get(job.id).state == "failed"
    assert shop.jobs.get(job.id).message
    assert shop.world.queue.depth(QUEUE) == 0


def test_a_failed_job_can_be_resumed_and_a_done_one_cannot(shop, tmp_path):
    key = "imports/up/rows.parquet"
    shop.world.objects.put(key, b"not parquet")
    job = shop.jobs.create(kind="import", subject="products", object_key=key)
    shop.jobs.work_once()
    parquet.write_table(pa.table({"sku": ["A", "B"], "title": ["Mug", "Bowl"]}), tmp_path / "rows.parquet")
    upload(shop, tmp_path / "rows.parquet", key)

    again = shop.jobs.resume(job.id)
    shop.jobs.work_once()

    assert again.state == "waiting"
    assert shop.jobs.get(job.id).created == 2
    with pytest.raises(ConflictError):
        shop.jobs.resume(job.id)


def test_an_interrupted_import_goes_on_behind_its_checkpoint(shop, write, take, monkeypatch):
    monkeypatch.setattr(products, "BATCH_ROWS", 10)
    path = write(*rows(35), {"sku": "BAD"})
    saves = itertools.count(1)

    def stop(job):
        if next(saves) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(shop, "products", path, fingerprint="same:1", on_progress=stop)
    started = []
    job = take(shop, "products", path, fingerprint="same:1", on_start=lambda job, _: started.append(job))

    assert started[0].checkpoint.line == 20
    assert (job.read, job.created, job.unchanged, job.rejected) == (36, 35, 0, 1)


@pytest.mark.parametrize(("fingerprint", "read", "unchanged"), [("one:2", 30, 0), ("two:2", 30, 10)])
def test_a_corrected_file_is_read_on_unless_its_beginning_changed(
    shop, write, take, monkeypatch, fingerprint, read, unchanged
):
    monkeypatch.setattr(products, "BATCH_ROWS", 10)
    path = write(*rows(30))

    def stop(job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(shop, "products", path, fingerprint="one:1", on_progress=stop)
    interrupted = shop.jobs.list(kind="import").rows[0]
    job = take(shop, "products", path, fingerprint=fingerprint, resume=interrupted.id)

    assert (job.read, job.unchanged) == (read, unchanged)


def test_whoever_lost_the_job_to_another_stops_writing(shop, write, take, monkeypatch):
    monkeypatch.setattr(products, "BATCH_ROWS", 10)
    path = write(*rows(30))
    taken = []

    def lose(job):
        if not taken:
            taken.append(take(shop, "products", path, fingerprint="same:1"))

    with pytest.raises(ConflictError):
        take(shop, "products", path, fingerprint="same:1", on_progress=lose)

    assert taken[0].state == "done"
    assert shop.jobs.get(taken[0].id) == taken[0]


def test_jobs_are_listed_newest_first_by_pages(shop, write, take):
    path = write(*rows(1))
    ids = []
    for _ in range(5):
        shop.world.clock.advance(1)
        ids.append(take(shop, "products", path).id)

    first = shop.jobs.list(kind="import", limit=3)
    rest = shop.jobs.list(kind="import", limit=3, position=first.next)

    assert [job.id for job in (*first.rows, *rest.rows)] == ids[::-1]
    assert shop.jobs.list(kind="export").rows == []


def test_rejections_are_listed_by_pages_in_order_of_lines(shop, write, take):
    job = take(shop, "products", write(*({"sku": f"S{i}"} for i in range(5))))

    first = shop.jobs.rejections(job.id, limit=3)
    rest = shop.jobs.rejections(job.id, limit=3, position=first.next)

    assert [r.line for r in (*first.rows, *rest.rows)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "import", "subject": "secrets", "object_key": "imports/x.jsonl"},
        {"kind": "import", "subject": "products", "object_key": "imports/nothing.jsonl"},
        {"kind": "import", "subject": "products"},
        {"kind": "import", "subject": "products", "object_key": "imports/x.jsonl", "format": "xlsx"},
        {"kind": "import", "subject": "products", "object_key": "imports/x.bin"},
        {"kind": "import", "subject": "sales", "object_key": "imports/x.jsonl", "options": {"timezone": "Mars/Base"}},
        {"kind": "import", "subject": "sales", "object_key": "imports/x.jsonl", "options": {"speed": "high"}},
        {"kind": "export", "subject": "secrets"},
    ],
)
def test_a_job_that_makes_no_sense_is_refused_and_not_stored(shop, asked):
    shop.world.objects.put("imports/x.jsonl", b"")
    shop.world.objects.put("imports/x.bin", b"")

    with pytest.raises(InvalidError):
        shop.jobs.create(**asked)

    assert shop.jobs.list(kind=asked["kind"]).rows == []


def test_an_unknown_job_is_not_found(shop):
    for name in ("job_1", "", "x" * 5000):
        with pytest.raises(NotFoundError):
            shop.jobs.get(name)
