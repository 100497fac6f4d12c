"""Read secrets from Secrets Manager: one call when a shop opens, for which boto3's client would take longer to make."""

from hashlib import sha256

import msgspec

from bodega.adapters.aws.connections import Connections, LostAnswerError, UnsentError
from bodega.adapters.aws.refusals import refused
from bodega.adapters.aws.retry import Again, Retry
from bodega.adapters.aws.signing import Signer
from bodega.errors import UnavailableError

_CONTENT_TYPE = "application/x-amz-json-1.1"
_TARGET = "secretsmanager.GetSecretValue"
_OK = 200
_BUSY = 500
_MASTER_LENGTH = 32


class _Found(msgspec.Struct, rename="pascal"):
    secret_string: str


class _Refused(msgspec.Struct):
    kind: str = msgspec.field(default="", name="__type")
    message: str = ""
    long_message: str = msgspec.field(default="", name="Message")


class Secrets:
    """Secrets of one region. Thread-safe; a connection is made for each call and not kept."""

    def __init__(self, *, endpoint_url: str, signer: Signer, retry: Retry) -> None:
        """Take a signer for the service `secretsmanager`."""
        self._endpoint = endpoint_url
        self._signer = signer
        self._retry = retry

    def read(self, name: str) -> str:
        """Return a secret's text; UnavailableError that names it if it cannot be read."""
        body = msgspec.json.encode({"SecretId": name})
        try:
            status, answer = self._retry.call(lambda: self._once(body), _verdict)
        except (LostAnswerError, UnsentError) as error:
            raise UnavailableError(f"Secrets Manager at {self._endpoint} cannot be reached: {error}") from error
        try:
            if status == _OK:
                return msgspec.json.decode(answer, type=_Found).secret_string
            refusal = msgspec.json.decode(answer, type=_Refused)
            code = refusal.kind.rpartition("#")[2]
            message = refusal.message or refusal.long_message
        except msgspec.MsgspecError:
            code, message = f"status {status}", ""
        raise refused("Secrets Manager", f"secret {name}", code, message)

    def _once(self, body: bytes) -> tuple[int, bytes]:
        connections = Connections(self._endpoint)
        try:
            status, answer = connections.post(self._signer.headers(_TARGET, body, _CONTENT_TYPE), body)
        finally:
            connections.close()
        if status >= _BUSY:
            raise LostAnswerError(f"status {status}")
        return status, answer


def _verdict(failure: Exception) -> Again:
    return Again.TROUBLE if isinstance(failure, LostAnswerError | UnsentError) else Again.NEVER


def master_key(secret: str) -> bytes:
    """Return the key in a shop's master secret; UnavailableError for one that is too short to be it."""
    if len(secret) < _MASTER_LENGTH:
        raise UnavailableError("the master secret of this shop is too short: deploy again, or restore it")
    return sha256(secret.encode()).digest()
