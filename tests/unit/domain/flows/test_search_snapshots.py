"""Machines that share no disk begin with the same index: what one published, another adopts and goes on from."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from engines import ministack, s3_bucket

from bodega import schema
from bodega.adapters.aws.objects import S3ObjectStore
from bodega.adapters.local.objects import FileObjectStore
from bodega.adapters.local.search import TantivySearchIndex
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.flows.indexing import NoSnapshotError
from bodega.domain.flows.search_snapshots import SearchSnapshots
from bodega.ports.objects import ObjectStore
from bodega.ports.search import SearchDocument, SearchQuery
from bodega.settings import Settings
from bodega.wiring import open_shop


@pytest.fixture(params=["local", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "s3":
        bucket = s3_bucket(ministack(), f"snap-{crc32(str(tmp_path).encode()):08x}")
        return S3ObjectStore(bucket, folder=tmp_path / "copies", clock=SystemClock())
    return FileObjectStore(tmp_path / "objects", clock=SystemClock())


@pytest.fixture
def table(tmp_path: Path) -> Any:
    database = Database.open(tmp_path / "shop.sqlite")
    yield SqliteTableStore(database, schema.TABLES, clock=SystemClock())
    database.close()


class Machine:
    """A machine with an index of its own."""

    def __init__(self, folder: Path, table: Any, objects: ObjectStore, clock: Any = None) -> None:
        self.index = TantivySearchIndex(folder)
        clock = clock or SystemClock()
        self.snapshots = SearchSnapshots(
            table=table, objects=objects, search=self.index, clock=clock, ids=UlidIds(clock)
        )

    def sells(self, *names: str, position: int) -> None:
        self.index.apply([_document(name) for name in names], (), position=position)

    def finds(self, text: str) -> list[str]:
        return [hit.id for hit in self.index.search(SearchQuery(text=text)).hits]


@pytest.fixture
def machines(tmp_path: Path, table: Any, objects: ObjectStore) -> Any:
    made: list[Machine] = []

    def make(clock: Any = None) -> Machine:
        made.append(Machine(tmp_path / f"machine-{len(made)}", table, objects, clock))
        return made[-1]

    yield make
    for machine in made:
        machine.index.close()


def _document(name: str) -> SearchDocument:
    return SearchDocument(
        id=f"prod_{name}",
        status="active",
        title=name,
        description="",
        brand="",
        skus=(),
        categories=(),
        collections=(),
        attributes=(),
        price=100,
        created_at=1,
        sold=0,
        rating=0,
        card=name.encode(),
    )


def test_what_one_machine_published_another_begins_with_and_goes_on_from(machines: Any) -> None:
    one, other = machines(), machines()
    one.sells("mug", "cup", position=7)

    assert one.snapshots.publish()
    assert other.snapshots.adopt()

    assert other.index.position() == 7
    assert other.finds("mug") == ["prod_mug"]
    assert other.index.search(SearchQuery(text="cup")).hits[0].card == b"cup"
    other.sells("pot", position=8)
    assert (other.finds("pot"), one.finds("pot")) == (["prod_pot"], [])


def test_a_snapshot_is_published_once_and_adopted_only_by_who_is_behind_it(machines: Any) -> None:
    one, other = machines(), machines()
    assert not one.snapshots.publish()
    assert not one.snapshots.adopt()
    one.sells("mug", position=7)

    assert [one.snapshots.publish() for _ in range(2)] == [True, False]
    assert [other.snapshots.adopt() for _ in range(2)] == [True, False]
    assert not other.snapshots.publish()
    other.sells("cup", position=9)
    assert not other.snapshots.adopt()
    assert other.finds("cup") == ["prod_cup"]


def test_files_that_never_change_are_stored_once(machines: Any, objects: ObjectStore) -> None:
    one = machines()
    one.sells(*(f"mug {number}" for number in range(50)), position=1)
    one.snapshots.publish()
    first = {info.key: info.modified_at for info in objects.list(f"{schema.SEARCH}files/")}
    one.sells("cup", position=2)

    one.snapshots.publish()

    again = {info.key: info.modified_at for info in objects.list(f"{schema.SEARCH}files/")}
    assert first
    assert {key: again[key] for key in first if key in again} == {key: first[key] for key in first if key in again}
    assert again.keys() - first.keys()


def test_old_snapshots_go_and_the_newest_two_stay(machines: Any, objects: ObjectStore) -> None:
    clock = SettableClock()
    clock.set(SystemClock().now() + timedelta(hours=2))
    one, other = machines(clock), machines()
    for position in range(1, 6):
        one.sells(f"mug {position}", position=position)
        one.snapshots.publish()

    manifests = [info for info in objects.list(schema.SEARCH) if info.key.endswith("manifest.json")]

    assert len(manifests) == 2
    assert other.snapshots.adopt()
    assert len(other.finds("mug")) == 5


@pytest.mark.parametrize("damage", ["manifest", "file", "missing"])
def test_a_damaged_snapshot_is_refused_and_the_index_stays_as_it_was(
    machines: Any, objects: ObjectStore, damage: str
) -> None:
    one, other = machines(), machines()
    other.sells("teapot", position=1)
    one.sells("mug", position=7)
    one.snapshots.publish()
    keys = [info.key for info in objects.list(schema.SEARCH)]
    manifest = next(key for key in keys if key.endswith("manifest.json"))
    if damage == "manifest":
        objects.put(manifest, b'{"format":"tantivy-2","position":7,"files":[{"name":"../x","key":"k","sha256":""}]}')
        objects.put("k", b"x")
    elif damage == "missing":
        objects.delete(next(key for key in keys if "/files/" in key))
    else:
        key = next(key for key in keys if "/files/" in key)
        objects.put(key, objects.get(key)[:-1] + b"\x00\x01")

    assert not other.snapshots.adopt()

    assert (other.index.position(), other.finds("teapot")) == (1, ["prod_teapot"])
    other.sells("cup", position=2)
    assert other.finds("cup") == ["prod_cup"]


def test_a_snapshot_of_another_format_is_left_alone(machines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = machines(), machines()
    one.sells("mug", position=7)
    one.snapshots.publish()
    monkeypatch.setattr(TantivySearchIndex, "format", property(lambda _: "tantivy-99"))

    assert not other.snapshots.adopt()
    assert other.index.position() == -1


def test_of_two_that_publish_at_once_one_is_pointed_at(machines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other, third = machines(), machines(), machines()
    one.sells("mug", position=7)
    other.sells("mug", "cup", position=8)
    before = one.snapshots._pointer()

    assert other.snapshots.publish()
    with monkeypatch.context() as late:
        seen = iter([before])
        real = one.snapshots._pointer
        late.setattr(one.snapshots, "_pointer", lambda: next(seen, None) or real())
        assert not one.snapshots.publish()

    assert third.snapshots.adopt()
    assert third.finds("cup") == ["prod_cup"]


def test_whoever_serves_requests_waits_for_a_snapshot_and_never_walks_through_the_catalog(tmp_path: Path) -> None:
    settings = Settings.for_directory(tmp_path / "shop")
    asked = ShelfQuery(text="mug")
    with closing(open_shop(settings)) as worker, closing(open_shop(settings, following=timedelta(0))) as serving:
        worker.catalog.products.create(ProductInput(title="Red mug", status="active", variants=[VariantInput(sku="M")]))

        assert serving.catalog.shelves.find(asked).cards == []
        with pytest.raises(NoSnapshotError):
            serving.indexer.catch_up()
        assert worker.indexer.publish()
        assert len(serving.catalog.shelves.find(asked).cards) == 1
