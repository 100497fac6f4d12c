"""Packages hold all that their functions need, and no more: they run with nothing else on the path."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from asking import PNG
from events import http_event, notified
from stocked import stock_up

from bodega import schema
from bodega.cli.main import main
from bodega.domain.shop import Shop
from bodega.errors import InvalidError, UnavailableError
from bodega.packaging import archive, libraries
from bodega.packaging.building import build
from bodega.packaging.contents import FUNCTIONS, PARTS
from bodega.packaging.sources import sources_of
from bodega.settings import Settings, to_env
from bodega.web.assets import load_assets

ROOT = Path(__file__).resolve().parents[3]
MINISTACK = pytest.mark.parametrize("settings", ["ministack"], indirect=True)
RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
from importlib import import_module
handler = import_module(f"bodega.lambdas.{sys.argv[2]}").handler

class Context:
    def get_remaining_time_in_millis(self):
        return 60_000

print(json.dumps([handler(event, Context()) for event in json.loads(sys.argv[3])]))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def run_package(package: Path, folder: Path, settings: Settings, *events: Any) -> tuple[list[Any], set[str]]:
    """Have a package answer events in a process that has nothing else; tell what it imported."""
    unpacked, name = folder / package.stem, package.stem
    zipfile.ZipFile(package).extractall(unpacked)
    keys = {key: os.environ[key] for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if key in os.environ}
    environment = to_env(settings) | keys | {"BODEGA_DATA_DIR": str(folder / "elsewhere")}
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", RUN, str(unpacked), name, json.dumps(events)]
    said = subprocess.run(command, env=environment, cwd=unpacked, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    answers, imported = said.stdout.splitlines()
    return json.loads(answers), set(json.loads(imported))


@pytest.fixture(scope="session")
def functions(packages: Path) -> Path:
    """The folder of all functions' packages."""
    return packages / "lambdas"


@pytest.mark.long
@MINISTACK
def test_the_package_of_recommendations_recommends_and_has_no_web_framework(
    shop: Shop, settings: Settings, tmp_path: Path, functions: Path
) -> None:
    stock_up(shop)

    (answer,), imported = run_package(
        functions / "recommend.zip", tmp_path, settings, {"customer_id": "cus_c0", "limit": 3}
    )

    assert len(answer["data"]) == 3
    assert answer["model_version"] == shop.models.current_version()
    assert not imported & {
        "starlette",
        "boto3",
        "botocore",
        "tantivy",
        "apsw",
        "anyio",
        "scipy",
        "pyarrow",
        "minijinja",
    }
    assert not list((tmp_path / "recommend" / "bodega").glob("web/*.py"))


@MINISTACK
def test_the_package_of_the_shop_serves_api_and_pages(
    shop: Shop, settings: Settings, tmp_path: Path, functions: Path
) -> None:
    products = stock_up(shop, customers=1)

    answers, imported = run_package(
        functions / "http.zip",
        tmp_path,
        settings,
        http_event("GET", f"/v1/store/products/{products['kettle']}"),
        http_event("GET", "/"),
        http_event("GET", load_assets().hrefs["bodega.css"]),
        http_event("GET", "/docs"),
        http_event("POST", "/v1/store/carts", headers={"content-type": "application/json"}, body=b'{"lines":[]}'),
    )

    assert [answer["statusCode"] for answer in answers] == [200, 200, 200, 200, 201]
    assert json.loads(answers[0]["body"])["title"] == "kettle"
    assert "kettle" in answers[1]["body"]
    assert not imported & {"scipy", "pyarrow", "granian", "uvicorn", "rich"}


@MINISTACK
def test_the_package_of_objects_makes_pictures_ready_without_the_shop(
    shop: Shop, settings: Settings, tmp_path: Path, functions: Path
) -> None:
    shop.world.objects.put("uploads/prod_1/med_1.png", PNG)

    (told, unread), imported = run_package(
        functions / "objects.zip",
        tmp_path,
        settings,
        {"Records": [notified("uploads/prod_1/med_1.png")]},
        {"Records": [{}]},
    )

    assert told == unread == {"batchItemFailures": []}
    assert shop.world.objects.find("media/prod_1/med_1.png") is not None
    assert len(shop.world.queue.dead_letters(schema.ANNOUNCEMENTS)) == 1
    assert not imported & {"numpy", "tantivy", "apsw", "stripe", "cryptography", "starlette"}


@pytest.mark.parametrize("settings", ["local"], indirect=True)
def test_the_package_of_schedules_trains_without_scipys_own_lapack(
    shop: Shop, settings: Settings, tmp_path: Path, functions: Path
) -> None:
    stock_up(shop)
    shop.world.table.close()

    (done,), _ = run_package(functions / "schedule.zip", tmp_path, settings, {"duty": "train"})

    assert done == {"train": 1}


def test_a_package_is_the_same_to_the_last_byte_whenever_it_is_made(tmp_path: Path) -> None:
    files = {path.as_posix(): ROOT / "src" / path for path in sources_of(ROOT / "src", "bodega.values.money")}
    press = archive.Press()
    digests = set()
    for attempt in ("first", "second"):
        archive.stage(files, tmp_path / attempt, compiled=True)
        for number, path in enumerate(sorted((tmp_path / attempt).rglob("*"))):
            os.utime(path, (number, number * (attempt == "first")))
        archive.write(tmp_path / attempt, tmp_path / f"{attempt}.zip", press=press, level=9)
        digests.add(hashlib.sha256((tmp_path / f"{attempt}.zip").read_bytes()).hexdigest())

    assert len(digests) == 1
    with zipfile.ZipFile(tmp_path / "first.zip") as made:
        assert made.testzip() is None
        assert {name: made.read(name) for name in files} == {name: path.read_bytes() for name, path in files.items()}
        assert any(name.endswith(".pyc") for name in made.namelist())


def test_a_package_is_what_python_s_own_library_makes_of_its_files(tmp_path: Path) -> None:
    for name, contents in {"a.py": b"a = 1\n" * 900, "b/c.so": os.urandom(5000), "b/empty.py": b""}.items():
        (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / name).write_bytes(contents)

    size = archive.write(tmp_path / "files", tmp_path / "ours.zip", press=archive.Press(), level=9)

    with zipfile.ZipFile(tmp_path / "theirs.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as theirs:
        for entry in zipfile.ZipFile(tmp_path / "ours.zip").infolist():
            again = zipfile.ZipInfo(entry.filename, entry.date_time)
            again.external_attr = entry.external_attr
            theirs.writestr(again, (tmp_path / "files" / entry.filename).read_bytes(), zipfile.ZIP_DEFLATED, 9)
    assert size == 5400 + 5000
    assert (tmp_path / "ours.zip").read_bytes() == (tmp_path / "theirs.zip").read_bytes()


def test_sources_are_what_is_imported_and_the_files_beside_it() -> None:
    found = {path.as_posix() for path in sources_of(ROOT / "src", "bodega.lambdas.http")}

    assert {"bodega/web/templates/home.html", "bodega/web/static/bodega.css", "bodega/api/docs.html"} <= found
    assert "bodega/wiring/opening.py" in found
    assert not [name for name in found if name.startswith(("bodega/cli/", "bodega/demo/", "bodega/packaging/"))]


def test_every_function_has_a_handler_and_pins() -> None:
    handlers = {path.stem for path in (ROOT / "src/bodega/lambdas").glob("*.py") if "\nhandler = " in path.read_text()}

    assert handlers == set(FUNCTIONS)
    for contents in FUNCTIONS.values():
        assert libraries.pins_in(ROOT / "requirements" / f"{contents.requirements}.txt")


def test_packages_have_the_descriptions_of_all_services_that_the_shop_asks_through_boto3() -> None:
    asked = set(re.findall(r"\.boto\(\"([a-z0-9-]+)\"\)", (ROOT / "src/bodega/wiring/aws.py").read_text()))

    assert asked
    assert asked <= PARTS["botocore/data"]


def test_a_library_of_another_version_than_the_pinned_one_is_named(tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("msgspec==0.0.1 \\\n    --hash=sha256:00\n")

    with pytest.raises(UnavailableError, match=r"msgspec .* is installed and 0\.0\.1 pinned"):
        libraries.installed(pins)

    pins.write_text("no-such-library==1.0 \\\n    --hash=sha256:00\n")
    with pytest.raises(UnavailableError, match="no-such-library is not installed"):
        libraries.installed(pins)


def test_a_function_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidError):
        build("nothing", tmp_path, root=ROOT)

    assert main(["package", "--installed", "--into", str(tmp_path), "nothing"]) == 1
    assert "there is no package 'nothing'" in capsys.readouterr().err
