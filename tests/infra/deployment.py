"""Templates, packages and a deployed shop, which take long to make: once for all test processes of a run."""

import contextlib
import json

import pytest
from deployable import bodega, deployable
from deployed import Deployed, key_of
from engines import start_ministack
from places import LOOPBACK_ALLOWED
from synthesis import Shape, built_for, run_bodega, run_infra

from bodega.adapters.system.file_lock import file_lock

_PATIENCE_SECONDS = 600


@pytest.fixture(scope="session")
def base(tmp_path_factory, worker_id):
    """Return a folder that all test processes share."""
    return tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent


@pytest.fixture(scope="session")
def packages(base):
    """Return a folder with the packages of the functions, real ones but for their size; one process builds them."""
    folder = base / "packages"
    with file_lock(base / "packages.lock", wait_seconds=300):
        if not (folder / "target.json").exists():
            built = run_bodega("package", "--installed", "--quickly", "--into", folder)
            assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="session")
def synthesised(base, packages):
    """Return a folder with the templates of all shapes; one of several test processes makes them."""
    folder = base / "synthesised"
    with file_lock(base / "synthesised.lock", wait_seconds=300):
        if not (folder / "done").exists():
            made = run_infra("infra.check", folder, json.dumps({"packages": str(packages)} | built_for(packages)))
            assert made.returncode == 0, made.stderr
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def serverless(synthesised):
    return Shape(synthesised / "small")


@pytest.fixture(scope="session")
def fleet(synthesised):
    return Shape(synthesised / "large")


@pytest.fixture(scope="session", params=["small", "large"])
def shape(request, synthesised):
    return Shape(synthesised / request.param)


@pytest.fixture(scope="session")
def deployed(base, synthesised, worker_id):
    """Return a shop of functions that one of several test processes deployed, from its templates and real packages.

    That process has the server, and stays until no other needs the shop.
    """
    record = base / "deployed.json"
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as use:
        with _turn(record):
            if not record.exists():
                record.write_text(json.dumps(_deploy(base / f"deployed-by-{worker_id}", synthesised)))
                ours.callback(_when_nobody_uses, record)
            use.enter_context(file_lock(base / f"deployed-for-{worker_id}.lock", wait_seconds=1))
        yield Deployed(json.loads(record.read_text()))


def _deploy(folder, synthesised):
    """Deploy, and return what there is to know of the shop."""
    folder.mkdir()
    assembly = deployable(synthesised / "small", folder / "assembly", settings=LOOPBACK_ALLOWED)
    server = start_ministack(auth=True)
    run = bodega("deploy", "--stage", "small", "--assembly", assembly, "--yes", "--json", server=server)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout) | {"said": run.stderr, "server": server, "folder": str(folder), "staff": {}}
    shop = Deployed(told)
    shop.invoke("queue", {"Records": []})  # or the first messages of all queues would start one each at once
    staff = key_of(shop.command)
    with shop.api() as api:  # before any schedule, or a test, publishes the index
        searched = api.get("/v1/admin/products", params={"q": "mug"}, headers=staff)
    return told | {"staff": staff, "first_search": searched.status_code}


def _when_nobody_uses(record):
    """Wait until no process uses what a record tells of, and let none begin to."""
    with _turn(record):
        for use in record.parent.glob("deployed-for-*.lock"):
            with file_lock(use, wait_seconds=_PATIENCE_SECONDS):
                pass
        record.unlink()


def _turn(record):
    return file_lock(record.with_suffix(".lock"), wait_seconds=_PATIENCE_SECONDS)
