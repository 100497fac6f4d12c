"""Files in pieces: read back as they were, and refused once a piece was changed, moved, cut off or put in."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.adapters.local.keys import LocalKeys
from bodega.domain.flows.sealed_files import sealed, unsealed
from bodega.ports.keys import UnsealError

CHUNKS = [b"one", b"", b"two" * 1000, b"three"]


@pytest.fixture
def keys(tmp_path):
    return LocalKeys(tmp_path / "keys")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(chunks=st.lists(st.binary(max_size=300), max_size=8), cuts=st.integers(1, 97))
def test_a_file_is_read_back_in_whatever_pieces_it_comes(keys, chunks, cuts):
    whole = b"".join(sealed(keys, "f", chunks))
    stream = [whole[at : at + cuts] for at in range(0, len(whole), cuts)]

    assert b"".join(unsealed(keys, "f", stream)) == b"".join(chunks)


def test_a_file_that_was_tampered_with_is_refused(keys):
    pieces = list(sealed(keys, "f", CHUNKS))
    whole = b"".join(pieces)
    swapped = b"".join([pieces[1], pieces[0], *pieces[2:]])
    others = list(sealed(keys, "g", CHUNKS))

    for bad in (
        b"",
        whole[:-1],
        b"".join(pieces[:-1]),
        swapped,
        b"".join([pieces[0], *pieces[2:]]),
        b"".join([pieces[0], *others[1:]]),
        whole + b"x",
        whole[:10] + b"\xff" + whole[11:],
        b"".join(pieces[:1]) + pieces[-1],
    ):
        with pytest.raises(UnsealError):
            list(unsealed(keys, "f", [bad]))
    with pytest.raises(UnsealError):
        list(unsealed(keys, "g", pieces))
