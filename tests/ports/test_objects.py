"""What every object store does, and how the one made of files keeps keys apart."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from zlib import crc32

import opinions
import pytest
from engines import ministack, s3_bucket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.adapters.aws.objects import S3ObjectStore
from bodega.adapters.local.object_names import _decode, _parts, file_path
from bodega.adapters.local.objects import FileObjectStore
from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.errors import InvalidError, NotFoundError, UnavailableError
from bodega.ports.objects import ObjectStore, PreconditionFailedError

HARD_KEYS = [
    "a",
    "A",
    "a/b",
    "a/B",
    "a-b",
    "a.b",
    "a+",
    "a+/b",
    "a&",
    "a%2fb",
    "é",
    "e\u0301",
    "K",
    "\u212a",
    "nul",
    "NUL.txt",
    "com1/lpt9.svg",
    "con.",
    "name.",
    "name",
    " name",
    "name ",
    "C:\\Windows\\win.ini",
    "..\\..\\etc\\passwd",
    "...",
    ".hidden",
    "~root",
    "$HOME",
    "日本語/カート.svg",
    "x" * 1024,
    "é" * 512,
    "é" * 300 + "/" + "Q" * 400,
    "x" * 200,
    "x" * 200 + "/y",
    "x" * 201,
    "a" * 199 + "con.txt",
]
keys = st.lists(
    st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="/"), min_size=1, max_size=12),
    min_size=1,
    max_size=4,
).map("/".join)
good_keys = (keys | st.sampled_from(HARD_KEYS)).filter(
    lambda key: key.isprintable() and len(key.encode()) <= 1024 and not {".", ".."} & set(key.split("/"))
)


def open_local(folder):
    return FileObjectStore(folder, clock=SettableClock())


def open_s3(folder, engine=ministack, **credentials):
    return S3ObjectStore(
        s3_bucket(engine(), f"bodega-{crc32(str(folder).encode()):08x}", **credentials),
        folder=folder / "copies",
        clock=SystemClock(),
    )


ADAPTERS = {
    "local": open_local,
    "moto": partial(open_s3, engine=opinions.moto),
    "s3": open_s3,
    "swift": partial(open_s3, engine=opinions.swift, **opinions.SWIFT_KEYS),
}


@pytest.fixture(params=sorted(ADAPTERS))
def store(request, tmp_path) -> ObjectStore:
    opinions.skip_what_differs(request)
    return ADAPTERS[request.param](tmp_path)


def listed(store, prefix=""):
    return [info.key for info in store.list(prefix)]


def test_what_was_put_is_read_back(store):
    store.put("media/prod_1/2.svg", b"<svg/>")

    assert store.get("media/prod_1/2.svg") == b"<svg/>"


def test_a_stream_is_put_and_streamed(store):
    store.put("exports/all.jsonl", (bytes([n]) * 1000 for n in range(100)))

    assert b"".join(store.stream("exports/all.jsonl", chunk_bytes=777)) == store.get("exports/all.jsonl")
    assert b"".join(store.stream("exports/all.jsonl", start=99_999)) == b"c"
    assert list(store.stream("exports/all.jsonl", start=200_000)) == []


def test_other_programs_are_told_where_objects_are(store):
    store.put("training/events/day=2026-01-31/lines.parquet", b"PAR1")

    place = store.location("training/events/")

    if place.startswith("file://"):
        assert [path.read_bytes() for path in Path(place.removeprefix("file://")).rglob("*.parquet")] == [b"PAR1"]
    else:
        assert place.startswith("s3://bodega-")
        assert place.endswith("/training/events/")
    for wrong in ("", "training", "/", "a//", "../"):
        with pytest.raises(InvalidError):
            store.location(wrong)


def test_an_empty_object_is_an_object(store):
    store.put("empty", b"")

    assert store.get("empty") == b""
    assert store.find("empty").size_bytes == 0


def test_a_put_tells_what_find_and_list_tell(store):
    info = store.put("a/b.json", b"{}")

    assert info.key == "a/b.json"
    assert info.size_bytes == 2
    assert store.find("a/b.json") == info
    assert list(store.list("a/")) == [info]


def test_the_time_of_a_put_is_the_clocks(tmp_path):
    assert open_local(tmp_path).put("a", b"").modified_at == "2026-01-01T00:00:00.000Z"


def test_what_is_not_there_is_not_found(store):
    with pytest.raises(NotFoundError):
        store.get("a/b")
    with pytest.raises(NotFoundError):
        next(store.stream("a/b"))
    with pytest.raises(NotFoundError):
        store.fetch("a/b")
    assert store.find("a/b") is None
    assert list(store.list("a/")) == []


def test_a_part_of_a_key_is_no_object(store):
    store.put("a/b/c", b"x")

    assert store.find("a") is None
    assert store.find("a/b") is None


def test_deleting_forgets_and_may_be_repeated(store):
    store.put("a/b", b"x")

    store.delete("a/b")
    store.delete("a/b")

    assert store.find("a/b") is None
    assert listed(store) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/..",
        "../a",
        "a/./b",
        "a\nb",
        "a\0b",
        "\ud800",
        "\x7f",
        "x" * 1025,
        "é" * 513,
    ],
)
def test_a_bad_key_is_refused_by_every_verb(store, key):
    for call in (
        lambda: store.put(key, b""),
        lambda: store.get(key),
        lambda: next(store.stream(key)),
        lambda: store.find(key),
        lambda: store.delete(key),
        lambda: store.fetch(key),
    ):
        with pytest.raises(InvalidError):
            call()


@pytest.mark.parametrize("prefix", ["/", "a//", "../", "a/../", "\n"])
def test_a_prefix_that_no_key_can_have_is_refused(store, prefix):
    with pytest.raises(InvalidError):
        list(store.list(prefix))


def test_hard_keys_are_all_different_objects_and_listed_in_byte_order(store):
    for number, key in enumerate(HARD_KEYS):
        store.put(key, str(number).encode())

    assert [store.get(key) for key in HARD_KEYS] == [str(number).encode() for number in range(len(HARD_KEYS))]
    assert listed(store) == sorted(HARD_KEYS, key=str.encode)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.sets(good_keys, max_size=8), prefix=st.text(max_size=3))
def test_listing_gives_exactly_the_keys_with_the_prefix_in_order(tmp_path_factory, wanted, prefix):
    store = FileObjectStore(tmp_path_factory.mktemp("objects"), clock=SettableClock())
    for key in wanted:
        store.put(key, b"")

    assert listed(store) == sorted(wanted, key=str.encode)
    for start in {key[: len(key) // 2] for key in wanted} | ({prefix} if prefix.isalnum() else set()):
        if not start.startswith(("/", "./", "../")):
            assert listed(store, start) == sorted((k for k in wanted if k.startswith(start)), key=str.encode)


def test_etags_change_with_every_overwrite_even_while_the_clock_stands_still(store):
    etags = [store.put("a", bytes([n])).etag for n in range(50)]

    assert len(set(etags)) == 50


def test_etags_change_when_an_object_is_deleted_and_made_again(store):
    etags = set()
    for n in range(10):
        etags.add(store.put("a", bytes([n])).etag)
        store.delete("a")

    assert len(etags) == 10


def test_if_absent_writes_only_where_nothing_is(store):
    store.put("a", b"first", if_absent=True)

    with pytest.raises(PreconditionFailedError):
        store.put("a", b"second", if_absent=True)

    assert store.get("a") == b"first"


def test_if_etag_writes_only_over_that_version(store):
    first = store.put("a", b"1")
    second = store.put("a", b"2", if_etag=first.etag)

    with pytest.raises(PreconditionFailedError):
        store.put("a", b"3", if_etag=first.etag)
    with pytest.raises(PreconditionFailedError):
        store.put("b", b"3", if_etag=second.etag)

    assert store.get("a") == b"2"
    assert store.find("b") is None


def test_both_preconditions_together_are_refused(store):
    with pytest.raises(InvalidError):
        store.put("a", b"", if_absent=True, if_etag="x")


@pytest.mark.parametrize("condition", ["absent", "etag"])
def test_of_sixteen_racers_one_wins(store, condition):
    for round_number in range(10):
        key = f"pointer/{round_number}"
        wanted = {"if_absent": True} if condition == "absent" else {"if_etag": store.put(key, b"old").etag}
        start = threading.Barrier(16)

        def race(racer, key=key, wanted=wanted, start=start):
            start.wait()
            try:
                store.put(key, f"racer {racer}".encode(), **wanted)
            except PreconditionFailedError:
                return None
            return racer

        with ThreadPoolExecutor(16) as pool:
            winners = [winner for winner in pool.map(race, range(16)) if winner is not None]

        assert len(winners) == 1
        assert store.get(key) == f"racer {winners[0]}".encode()


def test_a_counter_by_compare_and_set_loses_no_step(store):
    store.put("counter", b"0")

    def count(_):
        while True:
            info = store.find("counter")
            number = int(store.get("counter"))
            try:
                store.put("counter", str(number + 1).encode(), if_etag=info.etag)
            except PreconditionFailedError:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(40)))

    assert store.get("counter") == b"40"


def test_readers_see_the_old_bytes_or_the_new(store):
    store.put("a", b"0" * 100_000)
    stop = threading.Event()

    def write():
        for n in range(60):
            store.put("a", str(n % 10).encode() * 100_000)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not stop.is_set():
        data = store.get("a")
        assert len(data) == 100_000
        assert len(set(data)) == 1
    writer.join()


def test_a_stream_keeps_to_the_version_it_began_with(store):
    store.put("a", b"old" * 10)
    chunks = store.stream("a", chunk_bytes=3)
    begun = next(chunks)

    store.put("a", b"new" * 10)

    assert begun + b"".join(chunks) == b"old" * 10


def test_a_stream_that_breaks_writes_nothing(store, tmp_path):
    store.put("a", b"old")

    def breaking():
        yield b"ne"
        raise RuntimeError("the line went dead")

    with pytest.raises(RuntimeError, match="dead"):
        store.put("a", breaking())

    assert store.get("a") == b"old"
    assert listed(store) == ["a"]
    assert [path for path in tmp_path.rglob("*") if "unfinished/" in path.as_posix()] == []


def test_a_fetched_file_holds_the_bytes_and_its_open_handle_keeps_them(store):
    store.put("models/v1/items.npz", b"arrays")

    with store.fetch("models/v1/items.npz").open("rb") as handle:
        store.put("models/v1/items.npz", b"newer")
        store.delete("models/v1/items.npz")

        assert handle.read() == b"arrays"


def test_copies_that_nobody_asked_for_longest_make_room_for_others(tmp_path):
    store = S3ObjectStore(
        s3_bucket(ministack(), "bodega-copies"), folder=tmp_path / "copies", clock=SystemClock(), copies_bytes=250
    )
    for name in "abcd":
        store.put(f"imports/{name}", name.encode() * 100)
    first, second = store.fetch("imports/a"), store.fetch("imports/b")
    os.utime(second, (1, 1))
    with second.open("rb") as handle:
        assert store.fetch("imports/a") == first

        third = store.fetch("imports/c")

        assert (first.exists(), second.exists(), third.exists()) == (True, False, True)
        assert handle.read() == b"b" * 100
    store.put("imports/large", b"x" * 300)
    (tmp_path / "copies" / "killed.unfinished").write_bytes(b"x" * 200)
    large = store.fetch("imports/large")
    assert [path for path in (tmp_path / "copies").iterdir() if path != large] == []
    assert large.read_bytes() == b"x" * 300


def test_the_content_type_follows_from_the_suffix(store):
    assert store.put("a/1.SVG", b"").content_type == "image/svg+xml"
    assert store.put("a.svg/none", b"").content_type == "application/octet-stream"
    assert store.put("a/index.html", b"", content_type="text/HTML").content_type == "text/html; charset=utf-8"


def test_a_content_type_that_contradicts_the_suffix_is_refused(store):
    with pytest.raises(InvalidError):
        store.put("a/1.svg", b"", content_type="image/png")
    with pytest.raises(InvalidError):
        store.put("a/1", b"", content_type="image/png")


def test_a_negative_start_is_refused(store):
    with pytest.raises(InvalidError):
        store.stream("a", start=-1)


# -- the store made of files --------------------------------------------------


@given(key=good_keys)
def test_no_key_leaves_the_folder_and_no_name_means_two_things(key):
    root = Path("/store")

    path = file_path(root, key)

    assert root in path.parents
    assert ".." not in path.parts
    for part in path.parts[2:]:
        assert part == part.lower()
        assert part.isascii()
        assert not part.endswith((".", " "))
        assert part.split(".")[0] not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
        assert len(part) < 220


@given(segment=st.text(min_size=1).filter(str.isprintable))
def test_names_decode_to_the_segment(segment):
    parts = _parts(segment, "")
    whole = parts[0].removesuffix("&") + "".join(part[1:].removesuffix("&") for part in parts[1:])

    assert _decode(whole) == segment.encode()


def test_files_of_other_programs_are_no_objects(tmp_path):
    store = FileObjectStore(tmp_path, clock=SettableClock())
    store.put("media/1.svg", b"")
    for name in (".DS_Store", "Thumbs.db", "%ff", "stray+", "%zz"):
        (tmp_path / "objects" / "media+" / name).write_bytes(b"")

    assert listed(store) == ["media/1.svg"]


def test_what_a_killed_writer_left_is_swept_after_a_day(tmp_path):
    clock = SettableClock()
    FileObjectStore(tmp_path, clock=clock)
    left = tmp_path / "unfinished" / "feed"
    left.write_bytes(b"half")
    os.utime(left, (clock.now().timestamp(),) * 2)

    clock.advance(23 * 3600)
    FileObjectStore(tmp_path, clock=clock)
    assert left.exists()

    clock.advance(2 * 3600)
    FileObjectStore(tmp_path, clock=clock)
    assert not left.exists()


def test_etags_stay_after_opening_again(tmp_path):
    clock = SettableClock()
    info = FileObjectStore(tmp_path, clock=clock).put("a", b"1")

    assert FileObjectStore(tmp_path, clock=clock).find("a") == info


RACER = """
import sys
from pathlib import Path
from bodega.adapters.local.objects import FileObjectStore
from bodega.adapters.system.clock import SystemClock
from bodega.ports.objects import PreconditionFailedError

store = FileObjectStore(Path(sys.argv[1]), clock=SystemClock())
for _ in range(50):
    while True:
        info, number = store.find("counter"), int(store.get("counter"))
        try:
            store.put("counter", str(number + 1).encode(), if_etag=info.etag)
        except PreconditionFailedError:
            continue
        break
"""


def test_processes_count_together_and_lose_no_step(tmp_path):
    store = FileObjectStore(tmp_path, clock=SettableClock())
    store.put("counter", b"0")

    racers = [subprocess.Popen([sys.executable, "-c", RACER, str(tmp_path)]) for _ in range(3)]

    assert [racer.wait(60) for racer in racers] == [0, 0, 0]
    assert store.get("counter") == b"150"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file sizes")
def test_a_full_disk_is_unavailable_and_the_old_object_stays(tmp_path):
    import resource  # noqa: PLC0415  # not on Windows

    store = FileObjectStore(tmp_path, clock=SettableClock())
    store.put("a", b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(UnavailableError):
            store.put("a", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert store.get("a") == b"old"
    assert listed(store) == ["a"]
