"""What tests of the infrastructure share: templates, which take long to make."""

import json

import pytest
from synthesis import Shape, built_for, run_bodega, run_infra

from bodega.adapters.system.file_lock import file_lock


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
