"""Independent servers with AWS's APIs, asked for a second opinion: what two of them agree on is likely so on AWS.

Each gets something wrong that others get right. What is skipped for one, and why, is in the lists below.
"""

import functools
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from engines import ENGINES, answers, found, free_port, missing, start, wait_until

SWIFT_KEYS = {"access_key": "shop:tester", "secret_key": "testing"}
_SWIFT_BYTES = 100_000_000  # that tests put there, generously


def skip_what_differs(request):
    """Skip a test whose adapter must behave otherwise, with the reason."""
    name, test = request.param, request.node.originalname
    differs = request.node.get_closest_marker("differs")
    for kind in (name, _KINDS.get(name, name)):
        if differs is not None and kind in differs.kwargs:
            pytest.skip(differs.kwargs[kind])
    for reason, tests in DIFFERENCES.get(name, {}).items():
        if test in tests:
            pytest.skip(reason)


_KINDS = {"moto": "dynamo", "dynalite": "dynamo"}
_TRANSACTIONS = frozenset(
    {
        "test_a_follower_misses_no_event_of_eight_writing_threads",
        "test_a_later_transaction_of_a_load_sees_the_earlier_ones",
        "test_a_load_tells_of_each_transaction_and_goes_on",
        "test_a_refused_neighbour_in_the_same_group_takes_nobody_along",
        "test_a_refused_transaction_does_not_use_up_its_token",
        "test_a_repeated_token_has_one_effect",
        "test_a_token_for_another_transaction_is_refused",
        "test_a_token_is_forgotten_after_ten_minutes_and_not_before",
        "test_a_transaction_has_1_to_100_writes_and_events",
        "test_a_transaction_has_at_most_4_mb",
        "test_a_transaction_is_all_or_nothing",
        "test_conditions_hold_when_they_say_so",
        "test_events_come_back_in_commit_order_as_they_were",
        "test_indexes_have_everything_of_a_lagging_load_when_they_caught_up",
        "test_large_events_come_in_several_answers",
        "test_positions_are_never_used_again",
        "test_racing_repeats_of_a_token_have_one_effect",
        "test_trimming_forgets_up_to_a_position",
        "test_what_was_written_is_there_after_reopening",
        "test_what_changes_before_indexes_caught_up_stays_as_it_was_changed",
    }
)
# Engine -> what it gets wrong or does not have -> tests that cannot be asked of it.
DIFFERENCES = {
    "dynalite": {
        "dynalite has no transactions": _TRANSACTIONS,
        "dynalite does not tell what a condition failed on": {
            "test_a_lost_condition_tells_which_and_what_was_there",
            "test_an_impossible_update_changes_nothing",
            "test_one_of_many_racers_creates",
        },
        "dynalite ends a page with the item that passes a megabyte, ministack before it; no caller relies on either": {
            "test_a_page_ends_at_one_mb",
            "test_a_page_of_many_small_values_ends_at_one_mb_as_counted",
        },
    },
    "moto": {
        "moto compares as Python does: True equals 1, nothing is NULL, texts are ordered with numbers": {
            "test_conditions_hold_when_they_say_so"
        },
        "moto counts an item's bytes otherwise than DynamoDB": {"test_an_item_may_have_400_kb_and_not_a_byte_more"},
        "moto adds to what is no number, with an internal error": {"test_an_impossible_update_changes_nothing"},
        # 202 of 200 units sold, by 16 threads.
        "moto is not atomic under threads": {
            "test_one_of_many_racers_creates",
            "test_racing_repeats_of_a_token_have_one_effect",
            "test_stock_is_never_oversold",
        },
        "moto copies all its tables for each transaction: gigabytes, and minutes": {
            "test_a_batch_takes_any_number_in_order",
            "test_a_page_of_many_small_values_ends_at_one_mb_as_counted",
            *_TRANSACTIONS,
        },
    },
    "swift": {
        "Swift has no If-Match on PUT": {
            "test_a_counter_by_compare_and_set_loses_no_step",
            "test_if_etag_writes_only_over_that_version",
        },
        "Swift answers conditional puts before it has settled which of several came first": {
            "test_of_sixteen_racers_one_wins"
        },
    },
}


@functools.cache
def moto():
    """Return the address of a running moto, a widely used imitation of AWS in one process."""
    port = free_port()
    folder = tempfile.mkdtemp(prefix="moto-")
    start([found("moto_server"), "-H", "127.0.0.1", "-p", str(port)], os.environ, folder)
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{address}/moto-api/data.json"))
    return address


@functools.cache
def dynalite():
    """Return the address of a running dynalite, a DynamoDB in JavaScript on LevelDB."""
    program = ENGINES.parent / "dynalite" / "node_modules" / "dynalite" / "cli.js"
    if not program.exists():
        missing("dynalite")
    own = ENGINES.parents[1] / ".venv-infra" / "bin" / "node"
    node = str(own) if own.exists() else shutil.which("node") or missing("node")
    port = free_port()
    folder = tempfile.mkdtemp(prefix="dynalite-")
    start(
        [node, str(program), "--host", "127.0.0.1", "--port", str(port), "--createTableMs", "1", "--path", folder],
        os.environ,
        folder,
    )
    wait_until(lambda: _is_listening(port))
    return f"http://127.0.0.1:{port}"


@functools.cache
def swift():
    """Return the address of a running OpenStack Swift, an object store that many run for real, and its S3 API."""
    found("swift-proxy-server")
    port = free_port()
    folder = tempfile.mkdtemp(prefix="swift-", dir=_memory())
    program = Path(__file__).with_name("swift_server.py")
    start([ENGINES / "python", program, f"{folder}/data", str(port), *SWIFT_KEYS.values()], os.environ, folder)
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{address}/healthcheck"))
    return address


def _memory():
    """Return a folder in memory that has all that Swift needs, or None: it syncs every object to its disk."""
    folder = Path("/dev/shm")  # noqa: S108  # in which a folder with a name of its own is made
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            os.setxattr(file.name, "user.swift", b"metadata")
    except (AttributeError, OSError):  # no Linux, no such folder, or an older kernel's, without attributes
        return None
    return folder if shutil.disk_usage(folder).free > _SWIFT_BYTES else None


def _is_listening(port):
    socket.create_connection(("127.0.0.1", port), timeout=2).close()
