"""What tests of the infrastructure share: templates, which take long to make."""

import pytest
from synthesis import Shape, run_infra

from bodega.adapters.system.file_lock import file_lock


@pytest.fixture(scope="session")
def synthesised(tmp_path_factory, worker_id):
    """Return a folder with the templates of all shapes; one of several test processes makes them."""
    base = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder = base / "synthesised"
    with file_lock(base / "synthesised.lock", wait_seconds=300):
        if not (folder / "done").exists():
            made = run_infra("infra.check", folder)
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
