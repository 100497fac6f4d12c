"""Say in one line what AWS refused whoever deploys: people, whose credentials are not a shop's role."""

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    NoRegionError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from bodega.adapters.aws.refusals import DENIED, NOT_LET_IN, code_of
from bodega.errors import NotAllowedError, ShopError, UnavailableError

_DENIED = DENIED | {"UnauthorizedOperation", "403"}
_REGION_IS_OFF = frozenset({"OptInRequired", "RegionDisabledException"})
_ACTION = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9*]+)(?: on resource: (\S+))?")
_MAX_DETAIL = 200
_SSO = (UnauthorizedSSOTokenError, SSOTokenLoadError, TokenRetrievalError)


def refusal(error: Exception, *, doing: str, region: str) -> ShopError:
    """Return what a refused call means: `doing` says what was tried, such as "uploading packages"."""
    code = code_of(error)
    if code in _DENIED:
        return NotAllowedError(f"{doing} needs a permission that these credentials lack: {_wanted(error)}")
    if code in _REGION_IS_OFF:
        return UnavailableError(f"the account has {region} not switched on: choose another --region, or switch it on")
    known = NOT_LET_IN.get(code) or NOT_LET_IN.get(type(error).__name__) or _of_this_machine(error, doing, region)
    if known:
        return NotAllowedError(known)
    if isinstance(error, (ClientError, BotoCoreError)):
        return UnavailableError(f"{doing} failed: {' '.join(str(error).split())[:_MAX_DETAIL]}")
    raise error


def _of_this_machine(error: Exception, doing: str, region: str) -> str:
    """Return what is wrong before AWS was asked at all; empty for anything else."""
    if isinstance(error, _SSO):
        return "the sign-in at AWS has expired: aws sso login, then again"
    if isinstance(error, ProfileNotFound):
        return "there is no such profile: set AWS_PROFILE to one that aws configure list-profiles shows"
    if isinstance(error, (NoRegionError, InvalidRegionError)):
        return "which region? give --region, such as --region eu-west-1"
    if isinstance(error, EndpointConnectionError):
        return f"AWS cannot be reached in {region!r} ({doing}): is there such a region, and a way to the Internet?"
    return ""


def _wanted(error: Exception) -> str:
    """Return the action that was denied, if AWS says it, or what it says else."""
    said = " ".join(str(error).split())
    named = _ACTION.search(said)
    return f"{named[1]}{f' on {named[2]}' if named[2] else ''}" if named else said[:_MAX_DETAIL]
