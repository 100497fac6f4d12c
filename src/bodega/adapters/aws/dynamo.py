"""Call DynamoDB's API: JSON in, JSON out, over kept connections, with its errors by their codes.

botocore costs about 2 ms of CPU a call, most of it in hooks, parameter checks and endpoint rules that one fixed
service with checked input does not need; `docs/decisions/` has the measurement.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bodega.adapters.aws.connections import Connections, LostAnswerError, UnsentError
from bodega.adapters.aws.refusals import DENIED, NOT_LET_IN, refused
from bodega.adapters.aws.retry import Again, Retry
from bodega.adapters.aws.signing import Signer
from bodega.errors import UnavailableError
from bodega.ports.table import ThrottledError

_CONTENT_TYPE = "application/x-amz-json-1.0"
_TARGET = "DynamoDB_20120810."
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "LimitExceededException",
    }
)
_CONTENTION = frozenset({"TransactionConflictException", "TransactionConflict", "TransactionInProgressException"})
_BROKEN = frozenset({"InternalServerError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException"})


class DynamoError(Exception):
    """DynamoDB refused a call; `code` is its error's name."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        reasons: Sequence[Mapping[str, Any]] = (),
        found: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the reasons of a cancelled transaction, or the typed item on which a single condition failed."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.reasons = reasons
        self.found = found


class DynamoClient:
    """Calls of one endpoint. Thread-safe."""

    def __init__(self, *, endpoint_url: str, signer: Signer, retry: Retry, read_seconds: float = 5.0) -> None:
        """Connect on first use; connections are kept and shared by threads."""
        self._endpoint = endpoint_url
        self._connections = Connections(endpoint_url, read_seconds=read_seconds)
        self._signer = signer
        self._retry = retry

    def call(self, operation: str, request: Mapping[str, Any], *, repeatable: bool) -> dict[str, Any]:
        """Return the answer to an operation.

        `repeatable` says that a second effect would be none: only then is a call repeated whose answer was lost.
        Raises DynamoError for refusals the caller must understand, ThrottledError and UnavailableError.
        """
        body = _encode(request)

        def verdict(failure: Exception) -> Again:
            if isinstance(failure, UnsentError) or (repeatable and isinstance(failure, LostAnswerError)):
                return Again.TROUBLE
            return again_after(failure) if isinstance(failure, DynamoError) else Again.NEVER

        try:
            return self._retry.call(lambda: self._once(operation, body), verdict)
        except DynamoError as error:
            raise self._translated(error, request) from error
        except (LostAnswerError, UnsentError) as error:
            raise UnavailableError(f"DynamoDB at {self._endpoint} cannot be reached: {error}") from error

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()

    def _once(self, operation: str, body: bytes) -> dict[str, Any]:
        headers = self._signer.headers(_TARGET + operation, body, _CONTENT_TYPE)
        status, answer = self._connections.post(headers, body)
        try:
            document = _decode(answer) if answer else {}
        except msgspec.DecodeError as error:
            raise LostAnswerError(f"an answer with status {status} that is not JSON") from error
        if status == 200:  # noqa: PLR2004
            return document
        code = str(document.get("__type", "")).rpartition("#")[2]
        if status >= 500 and (code in _BROKEN or not code):  # noqa: PLR2004
            raise LostAnswerError(f"status {status} {code}")
        message = str(document.get("message") or document.get("Message") or "")
        raise DynamoError(
            code, message, reasons=document.get("CancellationReasons") or (), found=document.get("Item") or None
        )

    def _translated(self, error: DynamoError, request: Mapping[str, Any]) -> Exception:
        if error.code in THROTTLES:
            return ThrottledError("DynamoDB takes no more calls at the moment")
        if error.code in NOT_LET_IN or error.code in DENIED:
            thing = f"table {request['TableName']}" if "TableName" in request else "a table"
            return refused("DynamoDB", thing, error.code, error.message)
        if error.code == "ResourceNotFoundException":
            return UnavailableError(
                f"DynamoDB at {self._endpoint} has no such table: check the region and the stage, or deploy first"
            )
        return error


def again_after(error: DynamoError) -> Again:
    """Tell whether a refusal passes by itself: a conflict and a throttle do, a lost condition or a fault does not."""
    if error.code in THROTTLES:
        return Again.TROUBLE
    if error.code in _CONTENTION:
        return Again.CONTENTION
    codes = {reason.get("Code") for reason in error.reasons}
    if "ConditionalCheckFailed" in codes or "ValidationError" in codes:
        return Again.NEVER
    if codes & THROTTLES:
        return Again.TROUBLE
    return Again.CONTENTION if codes & _CONTENTION else Again.NEVER
