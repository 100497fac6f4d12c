"""What every keeper of keys does, and how the one with a key file guards it."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from engines import aws_client, ministack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.adapters.aws.keys import KmsKeys
from bodega.adapters.local.keys import KeyFileError, LocalKeys
from bodega.errors import InvalidError
from bodega.ports.keys import DataKey, Keys, UnsealError

WHO = {"customer": "cus_1", "kind": "address"}
posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")


@pytest.fixture(params=["kms", "local"])
def keys(request, tmp_path) -> Keys:
    return LocalKeys(tmp_path / "keys") if request.param == "local" else kms_keys()


def kms_keys():
    kms = aws_client("kms", ministack())
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    return KmsKeys(kms, key_id=key_id, master="a master secret that is long enough")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plaintext=st.binary(), context=st.dictionaries(st.text(), st.text()))
def test_what_was_sealed_is_unsealed_with_the_same_context(keys, plaintext, context):
    assert keys.unseal(keys.seal(plaintext, context), dict(reversed(context.items()))) == plaintext


def test_two_seals_of_the_same_differ(keys):
    assert keys.seal(b"same", WHO) != keys.seal(b"same", WHO)


def test_sealed_bytes_do_not_show_the_plaintext(keys):
    assert b"21 Harbour Lane" not in keys.seal(b"21 Harbour Lane", WHO)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"customer": "cus_2", "kind": "address"},
        {"customer": "cus_1"},
        {"customer": "cus_1", "kind": "address", "more": ""},
        {"kind": "cus_1", "customer": "address"},
        {'customer":"cus_1","kind': "address"},
        {"customer": "\ud800"},
    ],
)
def test_another_context_does_not_unseal(keys, other):
    sealed = keys.seal(b"secret", WHO)

    with pytest.raises(UnsealError):
        keys.unseal(sealed, other)


def test_every_changed_bit_is_noticed(keys):
    sealed = keys.seal(b"secret", WHO)

    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(UnsealError):
            keys.unseal(bytes(changed), WHO)


def test_every_truncation_is_noticed(keys):
    sealed = keys.seal(b"secret", WHO)

    for length in range(len(sealed)):
        with pytest.raises(UnsealError):
            keys.unseal(sealed[:length], WHO)
    with pytest.raises(UnsealError):
        keys.unseal(sealed + b"\0", WHO)


def test_a_context_with_broken_unicode_is_refused(keys):
    with pytest.raises(InvalidError):
        keys.seal(b"", {"customer": "\ud800"})


def test_a_signature_is_of_one_purpose_and_message(keys):
    signature = keys.sign("cursor", b"page 2")

    assert len(signature) == 32
    assert signature == keys.sign("cursor", b"page 2")
    assert keys.verify("cursor", b"page 2", signature)
    assert not keys.verify("session", b"page 2", signature)
    assert not keys.verify("cursor", b"page 3", signature)
    assert not keys.verify("cursor", b"page 2", signature[:31])
    assert not keys.verify("cursor", b"page 2", b"")


def test_threads_seal_and_unseal_at_once(keys):
    def work(number):
        plaintext = str(number).encode() * 50
        return all(keys.unseal(keys.seal(plaintext, WHO), WHO) == plaintext for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_another_shop_has_other_keys(keys, tmp_path):
    other = LocalKeys(tmp_path / "other")

    with pytest.raises(UnsealError):
        other.unseal(keys.seal(b"secret", WHO), WHO)
    assert not other.verify("cursor", b"m", keys.sign("cursor", b"m"))


def test_what_a_data_key_sealed_opens_with_that_key_alone(keys):
    own, other = keys.make_data_key("cus_1"), keys.make_data_key("cus_1")
    sealed = keys.seal(b"secret", WHO, data_key=own)

    assert keys.unseal(sealed, WHO, data_key=own) == b"secret"
    assert own.wrapped != other.wrapped
    for wrong in (None, other):
        with pytest.raises(UnsealError):
            keys.unseal(sealed, WHO, data_key=wrong)
    with pytest.raises(UnsealError):
        keys.unseal(keys.seal(b"secret", WHO), WHO, data_key=own)


def test_a_data_key_is_of_its_owner_and_whole(keys):
    own = keys.make_data_key("cus_1")
    sealed = keys.seal(b"secret", WHO, data_key=own)
    changed = own.wrapped[:40] + bytes([own.wrapped[40] ^ 1]) + own.wrapped[41:]

    for wrong in (DataKey("cus_2", own.wrapped), DataKey("cus_1", changed), DataKey("cus_1", b"")):
        with pytest.raises(UnsealError):
            keys.unseal(sealed, WHO, data_key=wrong)
        with pytest.raises(UnsealError):
            keys.seal(b"secret", WHO, data_key=wrong)


# -- the key file --------------------------------------------------------------------------------------


def test_opening_again_finds_the_same_keys(tmp_path):
    sealed = LocalKeys(tmp_path / "keys").seal(b"secret", WHO)

    assert LocalKeys(tmp_path / "keys").unseal(sealed, WHO) == b"secret"


def test_what_was_sealed_by_an_earlier_version_is_still_unsealed(tmp_path):
    # A shop's data outlives this code: a change of derivation or layout needs a new format byte, not a new meaning.
    path = tmp_path / "keys"
    path.write_text("bodega-key-1:" + "ab" * 32 + "\n")
    path.chmod(0o600)
    keys = LocalKeys(path)

    sealed = bytes.fromhex(SEALED_IN_2026)

    assert keys.unseal(sealed, WHO) == b"secret"
    assert keys.sign("cursor", b"page 2").hex() == SIGNED_IN_2026


SEALED_IN_2026 = (
    "010211f315e0230e5ac5a5269c449a477047de2518b09de0a4e0052882056bec8e4ae65f51aed82c47d2f0a648edf979f727a8"
)
SIGNED_IN_2026 = "1b04a629957f48562ca8db115ca15e63f652053085d2da992af237a4efce37e0"


@posix_only
def test_the_key_file_is_closed_to_others_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        LocalKeys(tmp_path / "keys")
    finally:
        os.umask(before)

    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_file_open_to_others_is_refused(tmp_path, mode):
    LocalKeys(tmp_path / "keys")
    (tmp_path / "keys").chmod(mode)

    with pytest.raises(KeyFileError, match="chmod 600"):
        LocalKeys(tmp_path / "keys")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"bodega-key-1:\n",
        b"bodega-key-1:" + b"ab" * 31 + b"\n",
        b"bodega-key-1:" + b"ab" * 32,
        b"bodega-key-2:" + b"ab" * 32 + b"\n",
        b"bodega-key-1:" + b"ab" * 32 + b"\n" + b"x" * 10_000,
        b"\xff" * 78,
    ],
)
def test_a_damaged_key_file_is_refused_and_left_alone(tmp_path, content):
    # A new key in its place would make every sealed record unreadable for ever.
    path = tmp_path / "keys"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(KeyFileError, match="backup"):
        LocalKeys(path)

    assert path.read_bytes() == content


def test_a_folder_in_the_key_files_place_is_refused(tmp_path):
    (tmp_path / "keys").mkdir(mode=0o700)

    with pytest.raises(KeyFileError):
        LocalKeys(tmp_path / "keys")


def test_threads_that_start_at_once_agree_on_one_key(tmp_path):
    for round_number in range(10):
        start = threading.Barrier(8)

        def sign(_, path=tmp_path / str(round_number), start=start):
            start.wait()
            return LocalKeys(path).sign("cursor", b"m")

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(sign, range(8)))) == 1


STARTER = """
import sys
from pathlib import Path
from bodega.adapters.local.keys import LocalKeys

print("ready", flush=True)
sys.stdin.readline()
print(LocalKeys(Path(sys.argv[1])).sign("cursor", b"m").hex())
"""


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    command = [sys.executable, "-c", STARTER, str(tmp_path / "deep" / "keys")]
    starters = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for starter in starters:
        assert starter.stdout.readline() == "ready\n"
    for starter in starters:
        starter.stdin.write("go\n")
        starter.stdin.flush()

    answers = {starter.communicate(timeout=60)[0] for starter in starters}

    assert len(answers) == 1
    assert len(answers.pop().strip()) == 64
