"""Passwords: slow to try, few at a time, counted before they are tried, and nothing said of who there is."""

import threading

import pytest

from bodega import schema
from bodega.adapters.system.passwords import MEMORY_KIB, PASSES, Argon2Passwords
from bodega.domain.accounts.credentials import (
    MOST_OF_ACCOUNT,
    MOST_OF_ADDRESS,
    MOST_TOGETHER,
    WINDOW,
    EmailTakenError,
    WrongCredentialsError,
    WrongPasswordError,
)
from bodega.domain.accounts.resets import VALID, BadResetTokenError, Resets
from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.domain.writes import WritePlan
from bodega.errors import InvalidError
from bodega.ports.passwords import PasswordsBusyError

ANN = {"email": "ann@shop.example", "password": "two teapots on a shelf"}
WRONG = {**ANN, "password": "not her password"}


@pytest.fixture
def ann(people):
    return people.accounts.register(**ANN, caller="c")


def let_in(people, caller="c", **who):
    """Sign in, as the flow does: what was verified goes into the transaction of the session."""
    verified = people.credentials.authenticate(**(ANN | who), caller=caller)
    return people.sessions.start(verified.owner, also=verified.add_to)


# -- the hash


def test_the_parameters_are_those_that_were_chosen():
    stored = Argon2Passwords().hash("x")

    assert stored.startswith(f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$")
    assert (MEMORY_KIB, PASSES) == (19456, 4)


def test_a_hash_fits_its_password_only_and_differs_each_time():
    passwords = Argon2Passwords(memory_kib=64, passes=1)
    stored = passwords.hash("x" * 256)

    assert passwords.verify(stored, "x" * 256)
    assert not passwords.verify(stored, "x" * 255)
    assert not passwords.verify(None, "nobody has this account")
    assert not passwords.verify("no hash at all", "x")
    assert stored != passwords.hash("x" * 256)


def test_so_many_run_and_so_many_wait_and_whoever_comes_on_top_is_sent_away_at_once():
    passwords = Argon2Passwords(memory_kib=32 * 1024, passes=10, running=1, waiting=2)
    outcomes, start = [], threading.Barrier(12)

    def try_one():
        start.wait()
        try:
            passwords.verify(None, "x")
        except PasswordsBusyError:
            outcomes.append("away")
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=try_one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("done") >= 3
    assert outcomes[0] == "away"
    assert passwords.verify(passwords.hash("y"), "y")


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(people, ann):
    stronger = people.again(passwords=Argon2Passwords(memory_kib=128, passes=2))
    before = people.credentials.get(ann.id)

    let_in(stronger)

    after = people.credentials.get(ann.id)
    assert (after.hash != before.hash, after.version) == (True, before.version)
    assert "m=128,t=2" in after.hash
    let_in(stronger)
    assert people.credentials.get(ann.id) == after


# -- what may be one


@pytest.mark.parametrize(
    "password",
    [
        "",
        "1234567",
        "12345678",
        "PassWord",
        "aaaaaaaaaaaa",
        "ann@shop.example",
        "ANN@shop.example",
        "x" * 257,
        "x" * 10**7,
    ],
    ids=["empty", "short", "digits", "common", "one-letter", "address", "address-capitals", "long", "ten-megabytes"],
)
def test_what_is_tried_first_or_takes_for_ever_is_no_password(people, password):
    with pytest.raises(InvalidError):
        people.accounts.register(email="ann@shop.example", password=password, caller="c")

    assert people.table.scan(schema.CREDENTIALS).items == []


@pytest.mark.parametrize(
    ("set_as", "typed_as"),
    [
        ("caf\u00e9 au lait", "cafe\u0301 au lait"),
        ("\uff50assages \u2460", "passages 1"),
        ("\U0001f680 rockets!", "\U0001f680 rockets!"),
    ],
    ids=["composed", "wide", "emoji"],
)
def test_a_password_is_the_same_from_every_keyboard(people, set_as, typed_as):
    people.accounts.register(email="ann@shop.example", password=set_as, caller="c")

    assert let_in(people, password=typed_as)


# -- who may try how often


def test_wrong_passwords_for_one_account_from_one_address_come_to_an_end_and_survive_a_restart(people, ann):
    for _ in range(MOST_TOGETHER):
        with pytest.raises(WrongCredentialsError):
            let_in(people, **WRONG)

    for asked in (WRONG, ANN):
        with pytest.raises(TooManyAttemptsError) as refused:
            let_in(people.again(), **asked)
    assert 0 < refused.value.retry_after_seconds <= WINDOW.total_seconds()
    assert let_in(people, caller="elsewhere")
    people.clock.advance(refused.value.retry_after_seconds)
    assert let_in(people)


def test_an_account_can_be_tried_only_so_often_from_everywhere(people, ann):
    outcomes = []
    for number in range(MOST_OF_ACCOUNT + 5):
        with pytest.raises((WrongCredentialsError, TooManyAttemptsError)) as refused:
            let_in(people, caller=f"address {number}", **WRONG)
        outcomes.append(refused.type)

    assert outcomes == [WrongCredentialsError] * MOST_OF_ACCOUNT + [TooManyAttemptsError] * 5


def test_an_address_can_try_only_so_many_accounts(people):
    outcomes = []
    for number in range(MOST_OF_ADDRESS + 1):
        with pytest.raises((WrongCredentialsError, TooManyAttemptsError)) as refused:
            let_in(people, email=f"person{number}@shop.example")
        outcomes.append(refused.type)

    assert outcomes == [WrongCredentialsError] * MOST_OF_ADDRESS + [TooManyAttemptsError]


def test_spellings_of_an_address_are_counted_as_one(people, ann):
    for number in range(MOST_TOGETHER):
        spelling = "ann@shop.example".upper() if number % 2 else "\uff41nn@shop.example"
        with pytest.raises(WrongCredentialsError):
            let_in(people, **WRONG | {"email": spelling})

    with pytest.raises(TooManyAttemptsError):
        let_in(people)


def test_who_knows_their_password_may_sign_in_as_often_as_they_like(people, ann):
    for _ in range(MOST_TOGETHER * 3):
        assert let_in(people)


def test_a_thousand_guesses_at_once_are_no_more_than_one_after_the_other(people, ann):
    outcomes, start = [], threading.Barrier(24)

    def guess():
        start.wait()
        try:
            let_in(people, **WRONG)
        except (WrongCredentialsError, TooManyAttemptsError, PasswordsBusyError) as exc:
            outcomes.append(type(exc))

    threads = [threading.Thread(target=guess) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 24
    assert outcomes.count(TooManyAttemptsError) == 24 - MOST_TOGETHER


def test_unknown_people_are_counted_and_verified_like_known_ones(people, ann, monkeypatch):
    hashed = []
    verify = people.passwords.verify
    monkeypatch.setattr(
        people.passwords, "verify", lambda stored, given: hashed.append(stored) or verify(stored, given)
    )

    for email in (ANN["email"], "nobody@shop.example"):
        with pytest.raises(WrongCredentialsError):
            let_in(people, **WRONG | {"email": email})

    assert len(hashed) == 2
    assert hashed[1] is None


def test_nothing_in_the_table_tells_who_signs_in(people, ann):
    with pytest.raises(WrongCredentialsError):
        let_in(people, **WRONG)

    for table in (schema.CREDENTIALS, schema.THROTTLES, schema.CUSTOMERS, schema.KEYRING):
        items = [repr(item) for item in people.table.scan(table).items]
        assert items
        assert not any("shop.example" in item or "teapots" in item for item in items)


def test_who_is_signed_in_cannot_guess_their_own_password_for_ever(people, ann):
    session = let_in(people).session
    for _ in range(MOST_TOGETHER):
        with pytest.raises(WrongPasswordError):
            people.security.change_password(session, current="wrong", new="three kettles and a cat", caller="c")

    with pytest.raises(TooManyAttemptsError):
        people.security.change_password(session, current=ANN["password"], new="three kettles and a cat", caller="c")


# -- races


def test_of_two_who_take_an_address_at_once_one_gets_it(people):
    outcomes, start = [], threading.Barrier(8)

    def register(number):
        start.wait()
        spelling = "ann@shop.example" if number % 2 else "ANN@shop.example"
        try:
            people.accounts.register(email=spelling, password=ANN["password"], caller="c")
        except (EmailTakenError, PasswordsBusyError) as exc:
            outcomes.append(type(exc).__name__)
        else:
            outcomes.append("made")

    threads = [threading.Thread(target=register, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("made") == 1
    assert len([i for i in people.table.scan(schema.CUSTOMERS).items if i["part"] == "account"]) == 1


def test_a_session_is_not_begun_on_a_password_that_was_just_replaced(people, ann):
    verified = people.credentials.authenticate(**ANN, caller="c")
    plan = WritePlan()
    before = people.credentials.get(ann.id)
    people.credentials.add_password(plan=plan, owner=ann.id, before=before, hashed=people.passwords.hash("x"))
    plan.commit(people.table)

    with pytest.raises(WrongCredentialsError):
        people.sessions.start(verified.owner, also=verified.add_to)


def test_an_address_that_was_given_up_can_be_taken_and_no_other(people, ann):
    people.security.change_email(ann.id, email="ann@oak.example", password=ANN["password"], caller="c")

    again = people.accounts.register(**ANN, caller="c")

    assert again.id != ann.id
    with pytest.raises(EmailTakenError):
        people.security.change_email(ann.id, email="ANN@shop.example", password=ANN["password"], caller="c")
    assert people.accounts.get(ann.id).personal.email == "ann@oak.example"


# -- resets


def test_a_reset_is_good_once_and_for_an_hour(people, ann):
    token, late = people.security.issue_reset(ann.id), people.security.issue_reset(ann.id)

    people.security.reset_password(token=token, password="three kettles and a cat", caller="c")

    for used in (token, late):
        with pytest.raises(BadResetTokenError):
            people.security.reset_password(token=used, password="four pans on a hook", caller="c")
    fresh = people.security.issue_reset(ann.id)
    people.clock.advance(VALID.total_seconds())
    with pytest.raises(BadResetTokenError):
        people.security.reset_password(token=fresh, password="four pans on a hook", caller="c")


def test_of_two_who_use_a_reset_at_once_one_sets_the_password(people, ann):
    token = people.security.issue_reset(ann.id)
    outcomes, start = [], threading.Barrier(4)

    def reset(number):
        start.wait()
        try:
            people.security.reset_password(token=token, password=f"kettle number {number}", caller=f"c{number}")
        except (BadResetTokenError, WrongCredentialsError):
            outcomes.append(None)
        else:
            outcomes.append(number)

    threads = [threading.Thread(target=reset, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = [number for number in outcomes if number is not None]
    assert let_in(people, password=f"kettle number {winner}")


def test_a_token_of_another_realm_or_shop_or_with_another_letter_is_none(people, ann, tmp_path):
    token = people.security.issue_reset(ann.id)
    staffs = Resets(realm="staff", keys=people.keys, clock=people.clock).issue(ann.id, 1)
    flipped = [token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(0, 80, 7)]

    for bad in (staffs, "", "x", token[:-10], "=" * 50, "\u00e9", "A" * 500, *flipped):
        with pytest.raises(BadResetTokenError):
            people.security.reset_password(token=bad, password="three kettles and a cat", caller=bad)
    assert let_in(people)


def test_a_weak_new_password_does_not_use_the_link_up(people, ann):
    token = people.security.issue_reset(ann.id)

    with pytest.raises(InvalidError):
        people.security.reset_password(token=token, password="password", caller="c")

    people.security.reset_password(token=token, password="three kettles and a cat", caller="c")


def test_links_are_mailed_only_so_often_and_nobody_learns_to_whom(people, ann):
    for email in ("ann@shop.example", "nobody@shop.example"):
        for _ in range(5):
            people.security.request_reset(email=email, caller=email)
        with pytest.raises(TooManyAttemptsError):
            people.security.request_reset(email=email, caller=email)

    names = [entry.event.name for entry in people.table.announced(0)]
    assert names.count("customer.reset_requested") == 5
