import pytest

from bodega.adapters.system.ids import SeededIds
from bodega.domain.accounts import service
from bodega.domain.accounts.service import ApiKeys
from bodega.errors import InvalidError, NotFoundError


@pytest.fixture
def keys(bench):
    return ApiKeys(table=bench.table, clock=bench.clock, ids=SeededIds(5, bench.clock))


def test_a_token_finds_its_key_until_that_is_revoked(keys):
    key, token = keys.create(name="till", scopes=["catalog:read"])
    assert keys.find(token) == key

    keys.revoke(key.id)

    assert keys.find(token) is None
    assert keys.revoke(key.id).revoked_at is not None


def test_of_two_who_revoke_a_key_at_once_neither_is_refused(bench, keys):
    key, token = keys.create(name="till", scopes=["catalog:read"])
    another = ApiKeys(table=bench.table, clock=bench.clock, ids=SeededIds(6, bench.clock))
    transact = bench.table.transact

    def after_the_other(*args, **kwargs):
        bench.table.transact = transact
        bench.clock.advance(1)
        another.revoke(key.id)
        transact(*args, **kwargs)

    bench.table.transact = after_the_other

    assert keys.revoke(key.id).revoked_at is not None
    assert keys.find(token) is None


def test_keys_that_were_revoked_make_room_for_others(keys, monkeypatch):
    monkeypatch.setattr(service, "MAX_KEYS", 2)
    first, _ = keys.create(name="one", scopes=["catalog:read"])
    keys.create(name="two", scopes=["catalog:read"])
    with pytest.raises(InvalidError):
        keys.create(name="three", scopes=["catalog:read"])

    keys.revoke(first.id)

    keys.create(name="three", scopes=["catalog:read"])
    assert len(keys.list()) == 3


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\ud800", "x" * 5000, "key_", "é" * 50], ids=lambda text: ascii(text[:8])
)
def test_no_text_from_outside_does_more_than_find_nothing(keys, text):
    _, token = keys.create(name="till", scopes=["catalog:read"])

    for guess in (text, f"bdg_{text}", f"bdg_{text}_{text}", f"{token}{text or 'x'}", token[:-1] + text):
        assert keys.find(guess) is None
    with pytest.raises(NotFoundError):
        keys.revoke(text)
    with pytest.raises(InvalidError):
        keys.create(name="till", scopes=[text])
