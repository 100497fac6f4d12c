"""The command line answers wrong usage with 2, refusals with 1 and one line that says what to do, and never a trace."""

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bodega.cli.main import COMMANDS, main
from bodega.settings import Settings
from bodega.wiring import open_shop

VERBS = [
    *([command] for command in COMMANDS),
    *(["key", verb] for verb in ("create", "list", "revoke")),
    *(["import", subject] for subject in ("products", "sales", "reviews", "categories", "customers")),
]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setattr("os.environ", {"PATH": "/usr/bin"})
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def ended(*words):
    """Run a command and return its exit code, whichever way it ended."""
    try:
        return main([str(word) for word in words])
    except SystemExit as exc:
        return exc.code


def refusal(capsys, *words):
    """Run a command that must refuse and return the lines of standard error."""
    assert ended(*words) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    return printed.err.splitlines()


# -- usage


def test_help_names_every_command_and_shows_an_example(capsys):
    assert ended("--help") == 0

    shown = capsys.readouterr().out
    assert "example: bodega " in shown
    assert all(f"    {command}" in shown for command in COMMANDS)


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_help_of_every_command_has_an_example_of_that_command(capsys, words):
    assert ended(*words, "--help") == 0

    assert f"example: bodega {words[0]}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["key"],
        ["key", "create"],
        ["key", "create", "--scope", "everything"],
        ["up", "--port", "65536"],
        ["up", "--port", "-1"],
        ["up", "--port", "٣"],
        ["up", "--port", "9" * 5000],
        ["up", "--workers", "0"],
        ["up", "--workers", "many"],
        ["up", "--demo", "--empty"],
        ["up", "--colour", "red"],
    ],
    ids=lambda words: " ".join(words)[:30] or "nothing",
)
def test_wrong_usage_ends_with_2_and_says_how_it_is_meant(capsys, words):
    assert ended(*words) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("usage: bodega")


# -- settings


def test_all_wrong_settings_are_said_at_once_one_line_each(capsys, monkeypatch, tmp_path):
    wrong = {"BODEGA_PORT": "high", "BODEGA_CURRENCY": "pounds", "BODEGA_COLOUR": "red", "BODEGA_SERVER": "apache"}
    monkeypatch.setattr("os.environ", wrong)

    lines = refusal(capsys, "up", "--data", tmp_path / "data")

    assert len(lines) == len(wrong)
    assert all(sum(name in line for line in lines) == 1 for name in wrong)
    assert not (tmp_path / "data").exists()


# -- the data folder


def test_a_folder_with_other_things_in_it_is_refused_and_left_as_it_was(capsys, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")

    (line,) = refusal(capsys, "up", "--port", 0, "--data", tmp_path)

    assert str(tmp_path) in line
    assert "--data" in line
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("command", [["up", "--port", "0"], ["prepare"], ["key", "list"], ["index"], ["worker"]])
@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_said_in_one_line(capsys, tmp_path, command, place):
    (tmp_path / "file").write_text("I am a file")  # in the way of a folder, for root too

    (line,) = refusal(capsys, *command, "--data", tmp_path / place)

    assert str(tmp_path / place) in line
    assert "--data" in line


@pytest.mark.parametrize("contents", [b"", b"{", b'{"format": 1}', b'{"format": "1", "currency": "GBP"}', b"\xff"])
def test_a_damaged_marker_is_said_in_one_line(capsys, tmp_path, contents):
    (tmp_path / "bodega.json").write_bytes(contents)

    (line,) = refusal(capsys, "up", "--port", 0, "--data", tmp_path)

    assert "damaged" in line
    assert (tmp_path / "bodega.json").read_bytes() == contents


def test_a_folder_of_another_version_is_said_in_one_line(capsys, tmp_path):
    (tmp_path / "bodega.json").write_bytes(b'{"format": 999, "currency": "GBP"}')

    (line,) = refusal(capsys, "up", "--port", 0, "--data", tmp_path)

    assert "999" in line


def test_another_currency_than_the_shop_was_made_with_is_refused_with_the_right_one(capsys, monkeypatch, tmp_path):
    assert ended("prepare", "--empty", "--data", tmp_path / "data") == 0
    capsys.readouterr()
    monkeypatch.setattr("os.environ", {"BODEGA_CURRENCY": "EUR"})

    (line,) = refusal(capsys, "up", "--port", 0, "--data", tmp_path / "data")

    assert "BODEGA_CURRENCY=GBP" in line


# -- the address


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 300, "\N{SNOWMAN}..x"])
def test_an_address_that_is_not_this_machines_is_said_in_one_line(capsys, tmp_path, host):
    (line,) = refusal(capsys, "up", "--host", host, "--data", tmp_path / "data")

    assert "--host" in line
    assert not (tmp_path / "data").exists()


# -- preparing


def test_preparing_twice_prints_one_key_and_makes_nothing_new(capsys, tmp_path):
    assert ended("prepare", "--empty", "--data", tmp_path / "data") == 0
    first = capsys.readouterr().out
    assert ended("prepare", "--data", tmp_path / "data") == 0

    assert first.count("API key") == 1
    assert capsys.readouterr().out == ""
    shop = open_shop(Settings.for_directory(tmp_path / "data"))
    assert len(shop.api_keys.list()) == 1
    assert shop.api_keys.find(first.split()[-1]) is not None
    shop.close()


# -- keys and the index


def test_a_key_is_created_listed_and_revoked(capsys, tmp_path):
    data = ["--data", tmp_path / "data"]

    assert ended("key", "create", "--scope", "catalog:read", "--name", "till", "--json", *data) == 0
    made = json.loads(capsys.readouterr().out)
    assert ended("key", "list", "--json", *data) == 0
    listed = json.loads(capsys.readouterr().out)
    assert ended("key", "revoke", made["id"], *data) == 0
    assert ended("key", "list", *data) == 0

    assert made["token"].startswith("bdg_")
    assert (listed["id"], listed["name"], listed["scopes"]) == (made["id"], "till", ["catalog:read"])
    assert listed["revoked_at"] is None
    assert made["token"] not in json.dumps(listed)
    assert "revoked" in capsys.readouterr().out.splitlines()[-1]


def test_a_key_that_there_is_not_cannot_be_revoked(capsys, tmp_path):
    (line,) = refusal(capsys, "key", "revoke", "key_nobody", "--data", tmp_path / "data")

    assert "key_nobody" in line


def test_rebuilding_the_index_says_how_much_is_in_it(capsys, tmp_path):
    assert ended("index", "--json", "--data", tmp_path / "data") == 0

    assert json.loads(capsys.readouterr().out) == {"products": 0}


# -- what nobody foresaw


def test_a_full_disk_is_said_in_one_line(capsys, monkeypatch, tmp_path):
    def full(*_arguments, **_settings):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "shop.sqlite"))

    monkeypatch.setattr("bodega.cli.keys.opened_shop", full)

    (line,) = refusal(capsys, "key", "list", "--data", tmp_path / "data")

    assert "No space left" in line


def test_ctrl_c_ends_a_command_with_130_and_no_trace(capsys, monkeypatch):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("bodega.cli.keys.run", interrupted)

    assert ended("key", "list") == 130
    assert capsys.readouterr().err == "stopped\n"


def test_a_later_start_is_not_made_to_wait_for_what_only_a_first_one_needs(tmp_path):
    script = """if True:
        import sys
        from bodega.cli.main import main
        assert main(["prepare", "--empty", "--data", sys.argv[1]]) == 0
        import bodega.asgi
        heavy = {"bodega.demo", "scipy", "pyarrow", "granian", "uvicorn", "rich"}
        print(*heavy.intersection(sys.modules))
    """

    ran = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "data"],
        env={"PYTHONPATH": str(Path(__file__).parents[3] / "src")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.splitlines()[-1] == ""
