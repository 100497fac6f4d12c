"""Sign requests the way AWS checks them: Signature Version 4 over a short body, with the day's key kept.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. botocore signs too,
at ten times the cost: it re-derives the key and canonicalises headers and queries that our calls do not have.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Protocol

import msgspec

from bodega.errors import UnavailableError


class Credentials(msgspec.Struct, frozen=True):
    """An access key; temporary ones carry a session token. The secret never shows in a repr."""

    access_key: str
    secret_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key})"


class CredentialSource(Protocol):
    """Where credentials come from; asked before every call, since temporary ones are replaced while we run."""

    def current(self) -> Credentials:
        """Return valid credentials; UnavailableError with one line that says what to do if there are none."""
        ...


class Given:
    """Credentials that stay as they are for as long as the process lives, as a Lambda function's do."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def current(self) -> Credentials:
        """Return them."""
        return self._credentials

    @staticmethod
    def in_environment(environment: Mapping[str, str]) -> Credentials:
        """Return what Lambda tells a function in its environment; UnavailableError if there is nothing."""
        try:
            return Credentials(
                environment["AWS_ACCESS_KEY_ID"],
                environment["AWS_SECRET_ACCESS_KEY"],
                environment.get("AWS_SESSION_TOKEN") or None,
            )
        except KeyError as missing:
            raise UnavailableError(f"there are no AWS credentials: {missing.args[0]} is not set") from None


class Signer:
    """Signs POST requests to `/` of one service in one region, and forms for S3. Thread-safe."""

    def __init__(
        self, *, service: str, region: str, host: str, credentials: CredentialSource, now: Callable[[], datetime]
    ) -> None:
        """Take `now` from the machine's real clock: AWS refuses what is five minutes off."""
        self._service = service
        self._region = region
        self._host = host
        self._credentials = credentials
        self._now = now
        self._kept: tuple[tuple[str, str], bytes] | None = None  # (secret, day) -> key

    def headers(self, target: str, body: bytes, content_type: str) -> dict[str, str]:
        """Return all headers of a call of `target` with this body, the signature among them."""
        credentials = self._credentials.current()
        moment = f"{self._now():%Y%m%dT%H%M%SZ}"
        day = moment[:8]
        headers = {"content-type": content_type, "host": self._host, "x-amz-date": moment}
        if credentials.session_token is not None:
            headers["x-amz-security-token"] = credentials.session_token
        headers["x-amz-target"] = target
        names = ";".join(headers)  # in alphabetical order already
        canonical_headers = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"POST\n/\n\n{canonical_headers}\n{names}\n{sha256(body).hexdigest()}"
        scope = self._scope(day)
        to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key(credentials.secret_key, day), to_sign.encode(), "sha256").hex()
        who = f"{credentials.access_key}/{scope}"
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={who}, SignedHeaders={names}, Signature={signature}"
        return headers

    def form_fields(self, policy_of: Callable[[Mapping[str, str]], str]) -> dict[str, str]:
        """Return the fields that sign a form for S3.

        `policy_of` is given those that say who signs it and when, and returns in base64 the policy, which repeats them.
        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
        """
        credentials = self._credentials.current()
        moment = f"{self._now():%Y%m%dT%H%M%SZ}"
        day = moment[:8]
        fields = {
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": f"{credentials.access_key}/{self._scope(day)}",
            "x-amz-date": moment,
        }
        if credentials.session_token is not None:
            fields["x-amz-security-token"] = credentials.session_token
        policy = policy_of(fields)
        signature = hmac.digest(self._key(credentials.secret_key, day), policy.encode(), "sha256").hex()
        return {**fields, "policy": policy, "x-amz-signature": signature}

    def _scope(self, day: str) -> str:
        return f"{day}/{self._region}/{self._service}/aws4_request"

    def _key(self, secret: str, day: str) -> bytes:
        kept = self._kept
        if kept is not None and kept[0] == (secret, day):
            return kept[1]
        key = f"AWS4{secret}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._kept = ((secret, day), key)
        return key
