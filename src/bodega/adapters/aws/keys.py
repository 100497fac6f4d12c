"""Keep keys in KMS: data keys of single owners wrapped there, everything else under a master that is a secret.

KMS takes 10 ms and money a call, so it is asked once for the master when a process starts, and once a data key in
`_KEPT_SECONDS`: https://docs.aws.amazon.com/kms/latest/developerguide/data-keys.html.
"""

import threading
import time
from collections import OrderedDict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bodega.adapters.aws.refusals import unavailable
from bodega.adapters.aws.secrets import master_key
from bodega.adapters.rules.sealing import Sealing
from bodega.errors import UnavailableError
from bodega.ports.keys import DataKey, UnsealError

_KEPT = 2000
_KEPT_SECONDS = 300.0
_NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException", "KMSInvalidStateException"})


class KmsKeys(Sealing):
    """Keys of one deployed shop. The owner of a data key is its encryption context, which KMS checks and logs."""

    def __init__(self, kms: Any, *, key_id: str, master: str) -> None:
        """Take boto3's client of KMS, the key that wraps data keys, and the master, a secret of at least 32 characters.

        UnavailableError for a shorter one.
        """
        super().__init__(master_key(master), unwrap=self._unwrapped)
        self._kms = kms
        self._key_id = key_id
        self._lock = threading.Lock()
        self._plain: OrderedDict[DataKey, tuple[float, bytes]] = OrderedDict()

    def make_data_key(self, owner: str) -> DataKey:
        """Return a new data key, wrapped by KMS for its owner alone."""
        try:
            made = self._kms.generate_data_key(KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=_context(owner))
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error
        data_key = DataKey(owner, made["CiphertextBlob"])
        self._keep(data_key, made["Plaintext"])
        return data_key

    def _unwrapped(self, data_key: DataKey) -> bytes:
        with self._lock:
            kept = self._plain.get(data_key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        try:
            answer = self._kms.decrypt(
                CiphertextBlob=data_key.wrapped, KeyId=self._key_id, EncryptionContext=_context(data_key.owner)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_OURS:
                raise UnsealError("this data key was not made here for its owner, or its key was destroyed") from None
            raise self._unavailable(error) from error
        except BotoCoreError as error:
            raise self._unavailable(error) from error
        self._keep(data_key, answer["Plaintext"])
        return answer["Plaintext"]  # type: ignore[no-any-return]

    def _unavailable(self, error: Exception) -> UnavailableError:
        return unavailable("KMS", f"encryption key {self._key_id}", error)

    def _keep(self, data_key: DataKey, plain: bytes) -> None:
        with self._lock:
            self._plain[data_key] = (time.monotonic() + _KEPT_SECONDS, plain)
            self._plain.move_to_end(data_key)
            while len(self._plain) > _KEPT:
                self._plain.popitem(last=False)


def _context(owner: str) -> dict[str, str]:
    return {"owner": owner}
