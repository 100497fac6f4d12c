"""The house rules that a machine can check: rooms, map, settings, pins, and words that must not stand in files."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bodega.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
ROOMS = ROOT / "src" / "bodega"


def tracked():
    """Return the text files of the repository, as git knows them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    suffixes = {".py", ".md", ".toml", ".txt", ".in", ".sh", ".bat", ".html", ".css", ".svg", ".json", ".yml", ""}
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.suffix in suffixes and path.is_file()]


def test_import_rules_hold():
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout


def test_the_map_lists_exactly_the_folders_there_are():
    listed = set(re.findall(r"^\| `([a-z_/]+)/` \|", (ROOT / "docs" / "map.md").read_text(), re.MULTILINE))

    there = {
        str(folder.relative_to(ROOMS))
        for folder in ROOMS.rglob("*")
        if folder.is_dir() and folder.name != "__pycache__" and any(folder.glob("*.*"))
    }

    assert listed == there


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "how-to" / "settings.md").read_text()

    missing = [name for name in Settings.__struct_fields__ if f"`{PREFIX}{name.upper()}`" not in text]

    assert missing == []


@pytest.mark.parametrize("name", ["runtime", "build", "dev"])
def test_requirements_are_pinned_with_hashes_and_name_no_index(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()

    pins = re.findall(r"^([a-z0-9][^\s]*==[^\s]+)", text, re.MULTILINE | re.IGNORECASE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    options = [line for line in text.splitlines() if line.startswith("-")]
    assert "://" not in text
    assert options == []


def test_every_room_says_what_it_is_for():
    for folder in [ROOMS, *(f for f in ROOMS.rglob("*") if f.is_dir() and any(f.glob("*.py")))]:
        start = folder / "__init__.py"
        assert start.exists(), f"{folder} has no __init__.py"
        assert start.read_text().lstrip().startswith('"""'), f"{start} does not say what the room is for"


def test_no_file_has_a_name_that_says_nothing():
    empty_words = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "base2", "stuff"}

    assert [path for path in ROOMS.rglob("*.py") if path.stem in empty_words] == []


def test_no_two_files_of_tests_have_one_name():
    # Tests are no package, so that pytest knows a file by its name alone and refuses a second one.
    names = Counter(path.name for path in (ROOT / "tests").rglob("*.py"))

    assert [name for name, count in names.items() if count > 1 and name != "conftest.py"] == []


def test_only_adapters_and_doors_read_the_machine():
    # ruff bans the calls by name; this finds what an alias would hide.
    allowed = {ROOMS / "adapters", ROOMS / "cli", ROOMS / "asgi.py", ROOMS / "lambdas", ROOMS / "worker"}
    for path in ROOMS.rglob("*.py"):
        if not any(path == a or a in path.parents for a in allowed):
            text = path.read_text()
            for forbidden in ("import os\n", "from os import", "import uuid", "import random\n"):
                if path.parent.name == "wiring":
                    continue
                assert forbidden not in text, f"{path} has {forbidden!r}"


def test_no_path_of_a_builder_s_machine_is_in_a_file():
    homes = {str(Path.home()), str(ROOT)} - {"/"}
    for path in tracked():
        text = path.read_text(errors="replace")
        for home in homes:
            assert f"{home}{os.sep}" not in text, f"{path} names {home}"
