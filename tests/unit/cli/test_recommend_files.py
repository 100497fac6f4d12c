"""Reading other systems' files, and measuring on them."""

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bodega.cli.recommend_files import evaluate_files, print_report, read_events
from bodega.errors import InvalidError
from bodega.ports.tabular import UnreadableFileError


def written(folder, text, name="events.csv"):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode())
    return path


def evaluated(train, test, **changes):
    return evaluate_files(train, test, **({"k": 3, "repeat": "exclude", "model": None, "tune_seconds": None} | changes))


def two_tastes(folder, *, timed):
    """Sixty users of two tastes over 24 items; the test has two items of their own taste that they did not take."""
    rng = np.random.default_rng(0)
    train, test = ["user,item,time" if timed else "user,item"], ["user,item"]
    for user in range(60):
        items = rng.permutation(np.arange(user % 2, 24, 2))
        train += [f"ü{user},{item}" + (f",{rng.integers(0, 10**7)}" if timed else "") for item in items[:8]]
        test += [f"ü{user},{item}" for item in items[8:10]]
    return written(folder, "\n".join(train), "train.csv"), written(folder, "\n".join(test), "test.csv")


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("model", [None, "auto", "copurchase", "ease", "spectral", "als", "popularity", "personal"])
def test_every_model_is_measured_and_those_that_learn_tastes_find_them(tmp_path, timed, model):
    report = evaluated(*two_tastes(tmp_path, timed=timed), model=model, k=4)

    assert report.scores.users == 60
    assert report.timed is timed
    if model in ("copurchase", "ease", "spectral", None):
        # Four items of the taste are left; the popular items of both would find half as many.
        assert report.scores.recall.mean > 0.9
    assert report.served_us_p50 > 0
    assert report.peak_mb > 1


def test_tuning_tries_models_and_never_ends_without_one(tmp_path):
    files = two_tastes(tmp_path, timed=True)

    some = evaluated(*files, tune_seconds=2.0)
    hurried = evaluated(*files, tune_seconds=0.0)

    assert some.trials > hurried.trials == 2


def test_without_times_the_default_is_the_best_of_a_few_and_with_times_the_one_for_shops(tmp_path):
    timed, untimed = (evaluated(*two_tastes(tmp_path / str(when), timed=when)) for when in (True, False))

    assert (timed.trials, untimed.trials) == (0, 7)
    assert timed.model.name == untimed.model.name == "blend"
    assert not untimed.timed


def test_times_are_passed_over_where_the_test_is_not_later_than_the_training(tmp_path, capsys):
    """As in data that were split by chance: a fifth of the lines of two months, drawn from all of them."""
    train, test = two_tastes(tmp_path, timed=True)
    pairs = [line.rsplit(",", 1)[0] for line in train.read_text().splitlines()]
    plain = written(tmp_path, "\n".join(pairs), "plain.csv")
    begin, end = (
        written(
            tmp_path, "\n".join(["user,item,time", *(f"{line},{time}" for line in test.read_text().split()[1:])]), name
        )
        for time, name in ((5 * 10**6, "within.csv"), (10**7, "later.csv"))
    )

    within, later, without = (evaluated(*files) for files in ((train, begin), (train, end), (plain, test)))
    print_report(within, as_json=False)

    assert (within.timed, within.times_passed_over) == (False, True)
    assert (later.timed, later.times_passed_over) == (True, False)
    assert not without.times_passed_over
    assert (within.model, within.scores) == (without.model, without.scores)
    assert "times passed over" in capsys.readouterr().out


def test_the_report_is_printed_for_people_and_for_programs(tmp_path, capsys):
    report = evaluated(*two_tastes(tmp_path, timed=False))

    print_report(report, as_json=False)
    text = capsys.readouterr().out
    print_report(report, as_json=True)
    data = json.loads(capsys.readouterr().out)

    assert "recall@3" in text
    assert "ndcg@3" in text
    assert data["scores"]["ndcg"]["mean"] == report.scores.ndcg.mean


def test_columns_go_by_name_in_any_order_and_others_are_passed_over(tmp_path):
    events = read_events(written(tmp_path, 'colour,Item,USER\nred,"a,b",007\nblue,☕,7\n'))

    assert events.user.to_pylist() == ["007", "7"]
    assert events.item.to_pylist() == ["a,b", "☕"]


def test_a_csv_without_a_header_is_read_by_place(tmp_path):
    events = read_events(written(tmp_path, "0,5,86400\n1,5,172800\n"))

    assert events.user.to_pylist() == ["0", "1"]
    assert events.time_days.tolist() == [86400, 172800]


@pytest.mark.parametrize(
    "times",
    [
        ["2020-01-02T00:00:00", "2020-01-03T12:00:00"],
        ["2020-01-02T00:00:00Z", "2020-01-03T12:00:00Z"],
        ["1577923200", "1578052800"],
        ["1577923200000", "1578052800000"],
        ["18263", "18264.5"],
    ],
)
def test_times_come_as_text_seconds_milliseconds_or_days(tmp_path, times):
    lines = "".join(f"u,i{n},{time}\n" for n, time in enumerate(times))

    events = read_events(written(tmp_path, "user,item,time\n" + lines))

    assert events.time_days.tolist() == [18263, 18264.5]


def test_parquet_with_numbers_as_ids_and_timestamps_matches_csv(tmp_path):
    table = pa.table(
        {
            "item": [5, 6],
            "user": pa.array([1, 2], pa.int64()),
            "time": pa.array([18263 * 86400, 18264 * 86400], pa.timestamp("s")),
            "other": [[1], [2]],
        }
    )
    pq.write_table(table, tmp_path / "events.parquet")

    events = read_events(tmp_path / "events.parquet")

    assert (events.user.to_pylist(), events.item.to_pylist()) == (["1", "2"], ["5", "6"])
    assert events.time_days.tolist() == [18263, 18264]


def test_lines_that_say_nothing_are_left_out_and_counted(tmp_path):
    rows = ["u,i,1,1", ",i,1,1", "u,,1,1", "u,i,,1", "u,i,1,0", "u,i,1,-2", "u,i,1,nan", "u,i,nan,1", "u,i,1,"]

    events = read_events(written(tmp_path, "user,item,time,quantity\n" + "\n".join(rows)))

    assert len(events.user) == 1
    assert events.left_out == {"no user or item": 2, "no time": 2, "no quantity above 0": 4}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"just one column\n1\n"),
        ("a.csv", b"a,b,c,d,e\n1,2,3,4,5\n"),
        ("a.csv", b"user,item\n1,2\n1,2,3,4\n"),
        ("a.csv", b"user,item,time\nu,i,soon\n"),
        ("a.csv", b"user,item,quantity\nu,i,many\n"),
        ("a.csv", b"user,item\n\xff\xfe,1\n"),
        ("a.csv", b"\xff\xff\xff,\xff\n"),
        ("a.parquet", b"PAR1 not really"),
        ("a.csv.gz", gzip.compress(b"user,item\nu,i\n" * 999, mtime=0)[:40]),
        ("a.csv.gz", b"user,item\nu,i\n"),
        ("a.json", b"{}"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(UnreadableFileError):
        read_events(path)


def test_a_missing_file_and_a_parquet_without_the_columns_are_refused(tmp_path):
    pq.write_table(pa.table({"customer": [1]}), tmp_path / "a.parquet")

    for name in ("nowhere.csv", "nowhere.parquet", "a.parquet"):
        with pytest.raises(UnreadableFileError):
            read_events(tmp_path / name)


def test_unknown_users_are_counted_and_left_out_and_unknown_items_cannot_be_found(tmp_path):
    train = written(tmp_path, "user,item\na,1\na,2\nb,1\nb,3\n", "train.csv")
    test = written(tmp_path, "user,item\na,3\na,new\nstranger,1\n", "test.csv")

    report = evaluated(train, test, k=5)

    assert (report.scores.users, report.unknown_users) == (1, 1)
    assert report.items == 4
    assert report.scores.recall.mean == 1  # all four items are listed, the one nobody sold yet last


def test_a_test_with_nobody_known_is_a_defined_answer_and_an_empty_training_is_not(tmp_path):
    train = written(tmp_path, "user,item\na,1\n", "train.csv")
    nobody = written(tmp_path, "user,item\nz,1\n", "test.csv")
    empty = written(tmp_path, "user,item\n", "empty.csv")

    assert evaluated(train, nobody).scores.users == 0
    with pytest.raises(InvalidError):
        evaluated(empty, nobody)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"model": "magic"}])
def test_options_that_make_no_sense_are_refused(tmp_path, wrong):
    with pytest.raises(InvalidError):
        evaluated(*two_tastes(tmp_path, timed=False), **wrong)
