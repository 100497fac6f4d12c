"""Say in one line what AWS refused and what to do about it, whichever of its services it was.

Services name the same refusal differently. What each means for whoever runs the shop is written here once.
"""

from collections.abc import Mapping

from bodega.errors import UnavailableError

_KEY = "AWS does not know these credentials: check the access key"
_SIGNATURE = "AWS refused the signature: check the secret key, the region and this machine's clock"
_EXPIRED = "the AWS credentials have expired: sign in again"
_NONE = "there are no AWS credentials: sign in by the AWS CLI, or give this machine a role"
NOT_LET_IN: Mapping[str, str] = {
    "UnrecognizedClientException": _KEY,
    "InvalidClientTokenId": _KEY,
    "InvalidAccessKeyId": _KEY,
    "AuthFailure": _KEY,
    "InvalidSignatureException": _SIGNATURE,
    "IncompleteSignatureException": _SIGNATURE,
    "IncompleteSignature": _SIGNATURE,
    "SignatureDoesNotMatch": _SIGNATURE,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "MissingAuthenticationToken": _NONE,
    "MissingAuthenticationTokenException": _NONE,
    "NoCredentialsError": _NONE,
    "PartialCredentialsError": _NONE,
}
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
ABSENT = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
_MESSAGE_LENGTH = 300


def refused(service: str, thing: str, code: str, message: str = "") -> UnavailableError:
    """Return what a service's error means; `thing` says what was asked for, such as `queue shop-jobs`."""
    if code in NOT_LET_IN:
        return UnavailableError(NOT_LET_IN[code])
    if code in DENIED:
        told = " ".join(message.split())[:_MESSAGE_LENGTH] or code
        return UnavailableError(f"AWS refused this role the permission to use {thing}: {told}")
    if code in ABSENT:
        return UnavailableError(f"{thing} is missing: check the region and the stage, or deploy first")
    return UnavailableError(f"{service} refused a call about {thing}: {code}")


def unavailable(service: str, thing: str, error: Exception) -> UnavailableError:
    """Return what an error of botocore's means: a ClientError, or one of its own."""
    answered = getattr(error, "response", None)
    if answered is None:
        name = type(error).__name__
        return UnavailableError(NOT_LET_IN.get(name) or f"{service} cannot be reached: {name}")
    return refused(service, thing, code_of(error), answered["Error"].get("Message", ""))


def code_of(error: BaseException) -> str:
    """Return the code of an error that a service answered with; empty for one of botocore's own."""
    answered = getattr(error, "response", None) or {}
    return str(answered.get("Error", {}).get("Code", ""))
