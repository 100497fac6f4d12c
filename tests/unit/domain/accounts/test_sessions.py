"""Sessions: tokens that change, are refused once changed, and end the session when they come back."""

import contextlib
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bodega import schema
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.domain.accounts.sessions import CUSTOMER, GRACE, MAX_OPEN, STAFF, Sessions
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError

ANN, MO = "cus_00000000000000000000000ANN", "usr_000000000000000000000000M0"
DAY = 86400


@pytest.fixture
def sessions(people):
    return people.sessions


def end_all(people, owner, but=None):
    plan = WritePlan()
    people.sessions.add_end_of_all(plan=plan, owner=owner, but=but)
    plan.commit(people.table)


def test_a_token_opens_its_session_and_the_table_knows_only_its_hash(people, sessions):
    started = sessions.start(ANN)

    secret = started.token.partition(".")[2].encode()
    stored = [repr(item).encode() for item in people.table.scan(schema.SESSIONS).items]
    assert sessions.find(started.token).owner == ANN
    assert len(stored) == 2
    assert not any(secret in item for item in stored)


@pytest.mark.parametrize("owner", [ANN, MO])
def test_a_session_ends_unused_and_in_any_case(people, sessions, owner):
    life = CUSTOMER if owner == ANN else STAFF
    unused, used = sessions.start(owner).token, sessions.start(owner).token

    people.clock.advance(life.idle.total_seconds() - 1)
    assert sessions.find(used) is not None
    people.clock.advance(2)
    assert sessions.find(unused) is None
    assert sessions.find(used) is not None
    for _ in range(int(life.most / life.idle) + 1):
        people.clock.advance(life.idle.total_seconds() - 1)
        sessions.find(used)
    assert sessions.find(used) is None


def test_a_clock_that_steps_back_ends_nothing(people, sessions):
    token = sessions.start(ANN).token

    people.clock.advance(-3600)

    assert sessions.find(token) is not None


def test_an_old_token_is_changed_and_both_are_taken_until_the_new_one_arrived(people, sessions):
    old = sessions.start(ANN).token
    assert not sessions.is_due(sessions.find(old))
    people.clock.advance(DAY + 1)

    session = sessions.find(old)
    assert sessions.is_due(session)
    new = sessions.renew(session)

    people.clock.advance(GRACE.total_seconds() * 10)
    assert sessions.find(old) is not None  # the answer with the new token may have got lost
    assert not sessions.is_due(sessions.find(old))
    assert sessions.find(new) is not None
    assert sessions.find(old) is not None  # requests that were on their way
    people.clock.advance(GRACE.total_seconds())
    assert sessions.find(old) is None


def test_an_answer_that_got_lost_signs_nobody_out(people, sessions):
    token = sessions.start(ANN).token
    for _ in range(3):
        people.clock.advance(DAY + 1)
        sessions.renew(sessions.find(token))

    assert sessions.find(token) is not None


def test_a_token_that_was_changed_and_comes_back_ends_the_session_for_both_its_holders(people, sessions):
    stolen = sessions.start(ANN).token
    people.clock.advance(DAY + 1)
    honest = sessions.renew(sessions.find(stolen))
    sessions.find(honest)
    people.clock.advance(GRACE.total_seconds())

    assert sessions.find(stolen) is None
    assert sessions.find(honest) is None


def test_a_token_of_long_ago_still_ends_the_session(people, sessions):
    tokens = [sessions.start(ANN).token]
    for _ in range(4):
        people.clock.advance(DAY + 1)
        tokens.append(sessions.renew(sessions.find(tokens[-1])))
        sessions.find(tokens[-1])

    assert sessions.find(tokens[1]) is None
    assert sessions.find(tokens[-1]) is None


def test_a_thief_who_renews_first_is_found_out_by_the_owner(people, sessions):
    stolen = sessions.start(ANN).token
    people.clock.advance(DAY + 1)
    thiefs = sessions.renew(sessions.find(stolen))
    sessions.find(thiefs)
    people.clock.advance(GRACE.total_seconds())

    sessions.find(stolen)

    assert sessions.find(thiefs) is None


def test_a_token_that_is_changed_on_purpose_is_refused_at_once(sessions):
    first = sessions.start(ANN)

    second = sessions.rotate(first.session)
    with pytest.raises(ConflictError):
        sessions.rotate(first.session)

    assert sessions.find(second.token).id == first.session.id
    assert sessions.find(first.token) is None


def test_a_guess_with_the_right_id_ends_nothing(sessions):
    token = sessions.start(ANN).token
    guess = token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")

    assert sessions.find(guess) is None
    assert sessions.find(token) is not None


@pytest.mark.parametrize(
    "token", ["", ".", "ses_.", "ses_" + "0" * 26, "x" * 10_000, "ses_" + "0" * 26 + "." + "é" * 43]
)
def test_what_is_no_token_opens_nothing(sessions, token):
    assert sessions.find(token) is None


def test_the_oldest_session_gives_way_to_one_too_many(sessions):
    tokens = [sessions.start(ANN).token for _ in range(MAX_OPEN + 3)]

    assert [sessions.find(token) is not None for token in tokens] == [False] * 3 + [True] * MAX_OPEN


def test_all_sessions_of_an_owner_end_but_one(people, sessions):
    kept, *others = [sessions.start(ANN) for _ in range(3)]
    strangers = sessions.start("cus_00000000000000000000000B0B")

    end_all(people, ANN, but=kept.session.id)

    assert sessions.find(kept.token) is not None
    assert sessions.find(strangers.token) is not None
    assert not any(sessions.find(other.token) for other in others)
    end_all(people, ANN)
    assert sessions.find(kept.token) is None


def test_many_who_sign_in_at_once_all_get_in_and_all_can_be_ended(people, sessions):
    tokens, barrier = [], threading.Barrier(8)

    def sign_in():
        barrier.wait()
        with contextlib.suppress(ConflictError):
            tokens.append(sessions.start(ANN).token)

    threads = [threading.Thread(target=sign_in) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert tokens
    assert all(sessions.find(token) for token in tokens)
    end_all(people, ANN)
    assert not any(sessions.find(token) for token in tokens)


# -- a model: what each token handed out is worth


class Holders(RuleBasedStateMachine):
    """One session against a list of its tokens: the newest, the one before, and those that end it."""

    def __init__(self):
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.clock = SettableClock()
        self.database = Database.open(Path(self._folder.name) / "shop.sqlite")
        table = SqliteTableStore(self.database, schema.TABLES, clock=self.clock)
        self.sessions = Sessions(table=table, clock=self.clock, ids=SeededIds(3, self.clock))
        started = self.sessions.start(ANN)
        self.newest, self.before, self.spent = started.token, None, []
        self.before_until = self.seen = self.began = self.clock.now()
        self.used = True
        self.alive = True

    def teardown(self):
        self.database.close()
        self._folder.cleanup()

    def _is_over(self):
        now = self.clock.now()
        return now >= self.seen + CUSTOMER.idle or now >= self.began + CUSTOMER.most

    def _find(self, token):
        if self._is_over():
            self.alive = False
        found = self.sessions.find(token)
        assert (found is not None) == (self.alive and self._is_good(token)), token
        if not self.alive:
            return None
        if token == self.newest:
            now = self.clock.now()
            if not self.used or now - self.seen >= CUSTOMER.idle / 24:
                self.seen = now
            if not self.used:
                self.used, self.before_until = True, now + GRACE
        elif not self._is_good(token) and token in [self.before, *self.spent]:
            self.alive = False
        return found

    def _is_good(self, token):
        waiting = not self.used or self.clock.now() < self.before_until
        return token == self.newest or (token == self.before and waiting)

    @rule()
    def newest_is_shown(self):
        self._find(self.newest)

    @precondition(lambda self: self.before)
    @rule()
    def the_one_before_is_shown(self):
        self._find(self.before)

    @precondition(lambda self: self.spent)
    @rule(data=st.data())
    def an_older_one_is_shown(self, data):
        self._find(data.draw(st.sampled_from(self.spent)))

    @rule()
    def a_guess_is_shown(self):
        guess = self.newest[:-5] + "guess"
        assert self.sessions.find(guess) is None

    @rule(seconds=st.sampled_from([1, 31, DAY + 1, DAY + 1, 20 * DAY]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule(shown=st.sampled_from(["newest", "before"]))
    def a_page_renews(self, shown):
        token = self.newest if shown == "newest" else self.before
        session = self._find(token) if token else None
        if session is None or not self.sessions.is_due(session):
            return
        new = self.sessions.renew(session)
        if self.used:
            if self.before is not None:
                self.spent.append(self.before)
            self.before = self.newest
        # An unused newest was never seen by anybody: it is worth a guess from now on.
        self.newest, self.used = new, False
        self.seen = self.clock.now()

    @rule()
    def a_program_rotates(self):
        session = self._find(self.newest)
        if session is None:
            return
        self.spent += [token for token in (self.before, self.newest) if token]
        self.newest, self.before, self.used = self.sessions.rotate(session).token, None, True
        self.before_until = self.seen = self.clock.now()

    @invariant()
    def nobody_holds_two_that_differ_in_worth(self):
        assert self.newest != self.before
        assert self.newest not in self.spent


Holders.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestHolders = Holders.TestCase
