"""The verbs of `bodega recommend` that staff decide with: duels and tuning."""

import json

import pytest

from bodega.cli.main import main
from bodega.settings import Settings
from bodega.wiring import open_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder with a shop that has two versions of a model of nothing; returns it and the older version."""
    folder = tmp_path_factory.mktemp("duels") / "shop"
    opened = open_shop(Settings.for_directory(folder))
    older = opened.trainer.train().version
    opened.trainer.train()
    opened.close()
    return folder, older


def answer(capsys, shop, *words):
    code = main(["recommend", *words, "--data", str(shop[0])])
    printed = capsys.readouterr()
    return code, printed.out or printed.err


def test_a_duel_is_begun_looked_at_and_ended(capsys, shop):
    begun = answer(capsys, shop, "duel", shop[1], "--share", "0.25", "--json")
    seen = answer(capsys, shop, "duel")
    ended = answer(capsys, shop, "duel", "--end")
    over = answer(capsys, shop, "duel")

    assert begun[0] == seen[0] == ended[0] == 0
    assert json.loads(begun[1])["duel"]["share"] == 0.25
    assert shop[1] in seen[1]
    assert "0 lists seen" in ended[1]
    assert over[0] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["duel", "nobody"],
        ["duel", "x/../y"],
        ["duel", "--end"],
        ["duel", "OLDER", "--end"],
        ["duel", "OLDER", "--share", "0"],
        ["duel", "OLDER", "--share", "nan"],
        ["duel", "OLDER", "--share", "2"],
        ["tune", "--seconds", "0"],
        ["tune", "--seconds", "nan"],
        ["tune", "--seconds", "5"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_in_one_line(capsys, shop, words):
    code, said = answer(capsys, shop, *(shop[1] if word == "OLDER" else word for word in words))

    assert code == 1
    assert len(said.splitlines()) == 1
    assert "Traceback" not in said
