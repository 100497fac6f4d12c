"""One command opens the shop, Ctrl-C closes it, and neither leaves anything behind."""

import json
import re
import shutil
import socket
import subprocess

import psutil
import pytest
from processes import REPOSITORY, bodega, wait_until

SERVERS = [
    pytest.param("granian", "1", id="granian"),
    pytest.param("granian", "2", id="granian-twice"),
    pytest.param("uvicorn", "1", id="uvicorn"),
    pytest.param("uvicorn", "2", id="uvicorn-twice"),
]


def all_gone(shop):
    wait_until(lambda: not shop.left_over(), what="the end of every process")


@pytest.mark.long
def test_a_first_start_that_was_killed_is_finished_by_the_next_and_later_ones_find_the_shop_as_it_was(start):
    abroad = {"BODEGA_CURRENCY": "JPY"}  # what the demo sells, it sells in the shop's currency
    first = start(**abroad).wait_for_text("remembering")
    first.kill()
    all_gone(first)

    second = start(**abroad).opened()
    second.wait_for_text("worker started")
    shop = second.client
    cups = shop.get("/v1/store/products?q=cup&count=approx&sort=price").json()
    home = shop.get("/").text
    recommended = shop.get("/v1/store/recommendations?placement=home").json()
    pictures = re.findall(r'(/media/[^"\s]+)', home)
    assert cups["total"] > 20
    assert {cup["price"]["currency"] for cup in cups["data"]} == {"JPY"}
    assert len(recommended["data"]) == 12
    assert recommended["model_version"]
    assert pictures
    assert shop.get(pictures[0]).headers["content-type"].startswith("image/")
    assert second.interrupt() in (0, 130)

    third = start(**abroad).opened()
    again = third.client.get("/v1/store/products?q=cup&count=approx&sort=price").json()
    assert again["data"] == cups["data"]
    assert again["total"] == cups["total"]
    assert "Going on with the demo shop" in second.text
    assert "demo shop" not in third.text
    assert [one.text.count("API key") for one in (first, second, third)] == [1, 0, 0]
    assert third.terminate() in (0, 130)
    assert not any("Traceback" in one.text for one in (second, third))


@pytest.mark.parametrize(("server", "processes"), SERVERS)
def test_a_shop_that_is_stopped_or_killed_is_gone_and_opens_again_at_once_on_the_same_port(start, server, processes):
    port = 0
    for how in ("interrupt", "terminate", "kill"):
        shop = start("--empty", "--workers", processes, port=port, BODEGA_SERVER=server).opened()
        shop.wait_for_text("worker started")
        assert shop.client.get("/").status_code == 200
        port = shop.port

        code = getattr(shop, how)()

        if how != "kill":
            assert code in (0, 130), how
            assert "Traceback" not in shop.text, how
            assert "ERROR" not in shop.text, how
            all_gone(shop)

    again = start("--empty", port=port, BODEGA_SERVER=server).opened()
    assert again.client.get("/").status_code == 200
    all_gone(shop)


@pytest.mark.parametrize("server", ["granian", "uvicorn"])
def test_a_log_for_programs_is_one_whoever_writes_it(start, server):
    settings = {"BODEGA_SERVER": server, "BODEGA_LOG_FORMAT": "json", "BODEGA_ACCESS_LOG": "true"}
    shop = start("--empty", **settings).opened()
    shop.wait_for_text("worker started")

    shop.client.get("/v1/store/products")

    assert shop.interrupt() in (0, 130)
    for_people = ("The shop is open", "An API key")
    said = [json.loads(line) for line in shop.text.splitlines() if not line.startswith(for_people)]
    assert {"bodega.access", "bodega.worker.run"} <= {one["logger"] for one in said}
    assert {one["level"] for one in said} == {"INFO"}


def test_interrupting_a_first_start_stops_it_without_a_trace(start):
    shop = start().wait_for_text("inventing")

    code = shop.interrupt()

    assert code == 130
    assert "Traceback" not in shop.text
    all_gone(shop)


def test_two_first_starts_at_once_make_one_shop_with_one_key(start):
    one, other = start("--empty"), start("--empty")

    one.opened()
    other.opened()

    assert (one.text + other.text).count("API key") == 1
    assert one.client.get("/health/ready").status_code == other.client.get("/health/ready").status_code == 200


def test_an_empty_shop_stays_empty_at_later_starts(start):
    start("--empty").opened().interrupt()

    later = start().opened()

    assert later.client.get("/v1/store/products").json()["data"] == []
    assert "demo" not in later.text


def test_a_port_in_use_is_said_in_one_line(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = bodega("up", "--empty", "--data", tmp_path / "data", "--port", port)

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder of a shop that was never opened."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    assert bodega("prepare", "--empty", "--data", folder).returncode == 0
    return folder


@pytest.mark.parametrize(("server", "processes"), SERVERS)
def test_a_database_that_is_not_ours_is_said_in_one_line_by_every_server(tmp_path, prepared, server, processes):
    data = shutil.copytree(prepared, tmp_path / "data")
    (data / "shop.sqlite").write_bytes(b"something else entirely" * 500)

    refused = bodega("up", "--port", 0, "--data", data, "--workers", processes, BODEGA_SERVER=server)

    assert refused.returncode == 1
    ours = [line for line in refused.stderr.splitlines() if line.startswith("bodega up: ")]
    assert len(ours) == 1
    assert "Traceback" not in refused.stderr
    assert (data / "shop.sqlite").read_bytes() == b"something else entirely" * 500


def test_a_too_old_python_is_said_in_one_line_that_tells_what_to_do(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname", "cat", "cksum"):
        (tools / tool).symlink_to(shutil.which(tool))
    for name in ("python", "python3", "python3.11", "python3.12"):
        (tools / name).write_text("#!/bin/sh\nexit 1\n")  # what an older one answers to the question for its version
        (tools / name).chmod(0o755)
    for file in ("start.sh", "scripts/environment.sh", "pyproject.toml"):
        copy = tmp_path / "checkout" / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / file, copy)
    shutil.copytree(REPOSITORY / "requirements", tmp_path / "checkout/requirements")

    refused = subprocess.run(
        [tmp_path / "checkout/start.sh"], env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )

    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "Python 3.11 or newer" in refused.stderr
    assert not (tmp_path / "checkout/.venv").exists()


def test_a_worker_that_dies_is_started_again(start):
    shop = start("--empty").opened()
    shop.wait_for_text("worker started")
    (worker,) = shop.workers()

    worker.kill()

    shop.wait_for_text("worker started", times=2)
    assert shop.process.poll() is None
    assert all(isinstance(one, psutil.Process) and one != worker for one in shop.workers())
