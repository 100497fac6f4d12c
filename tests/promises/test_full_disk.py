"""A full disk refuses sales with a clear answer, still shows the shop, spoils nothing, and is forgotten when freed."""

import contextlib
import os
import random
import resource
import subprocess
import time

import msgspec
import pytest
from audit import check_books, for_sale, shop_in
from processes import wait_until
from shoppers import CARTS, Diary, Shopper
from wire import Wire

LEVELS = {f"SKU-{number}": 1_000_000 for number in range(4)}
SHOPPERS = 4
TMPFS_BYTES = 24 * 1024 * 1024
FULL_SECONDS = 1.5


class SmallDisk:
    """A file system of a few megabytes, and ballast that takes what is left of it."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "none", folder], check=True)

    def fill(self, _processes):
        with (self.folder / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def free(self, _processes):
        (self.folder / "ballast").unlink()

    def close(self):
        subprocess.run(["umount", "--lazy", self.folder], check=True)


class ShortFiles:
    """A folder where, once told, no file may grow: what a quota does, and needs no rights."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self, processes):
        for process in processes:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))

    def free(self, processes):
        for process in processes:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def close(self):
        pass


@pytest.fixture(params=[SmallDisk, ShortFiles], ids=["a small disk", "short files"])
def disk(request, tmp_path):
    if not hasattr(resource, "prlimit"):
        pytest.skip("needs Linux")
    if request.param is SmallDisk and os.geteuid() != 0:
        pytest.skip("only root may mount")
    disk = request.param(tmp_path / "disk")
    yield disk
    disk.close()


def test_a_full_disk_refuses_sales_and_nothing_else(start, disk):
    data = disk.folder / "data"
    with shop_in(data) as shop:
        for_sale(shop, LEVELS)
    up = start("--empty", "--workers", "2", data=data).opened()
    up.wait_for_text("worker started")
    diary = Diary()
    shoppers = [
        Shopper([f"http://127.0.0.1:{up.port}"], diary, random.Random(number), sorted(LEVELS), patient=1)
        for number in range(SHOPPERS)
    ]
    for shopper in shoppers:
        shopper.start()
    wait_until(lambda: len(diary.acknowledged()) > 20, what="some orders before the disk is full")
    processes = up.family()

    disk.fill(processes)
    with contextlib.closing(Wire(up.port)) as wire:
        refused = wait_until(lambda: refusal(wire), what="a refusal")
        look_around(wire)
        sold = len(diary.acknowledged())
        time.sleep(FULL_SECONDS)
        look_around(wire)
        # Whoever was told that it cannot be done now goes on asking, and none of them got through or gave up.
        assert len(diary.acknowledged()) <= sold + SHOPPERS
        assert diary.faults == []
        disk.free(processes)
        wait_until(lambda: len(diary.acknowledged()) > sold + 20, what="orders after the disk was freed")
    for shopper in shoppers:
        shopper.stop()
    for shopper in shoppers:
        shopper.join()
    assert up.terminate() == 0

    assert refused.headers["retry-after"]
    assert msgspec.json.decode(refused.body)["code"] == "unavailable"
    check_books(data, diary, LEVELS)


def refusal(wire):
    """Try to fill a cart; return the answer if it was refused as it should be."""
    answer = wire.post(CARTS, {"lines": [{"sku": "SKU-0"}]}, {})
    assert answer.status in {201, 503, 507}, answer
    return answer if answer.status != 201 else None


def look_around(wire):
    """What needs no writing works as ever."""
    for path in ("/v1/store/products", "/v1/store/products/sku:SKU-0", "/v1/store/products?q=SKU", "/", "/health/live"):
        answer = wire.ask("GET", path)
        assert answer.status == 200, (path, answer)
