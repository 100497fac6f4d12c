"""Sign forms with which a browser or program without credentials of AWS's may put one object into the bucket.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from bodega.adapters.aws.signing import Signer
from bodega.ports.objects import Form, content_type_of


class SignedForms:
    """Signs forms for one bucket. Thread-safe."""

    def __init__(self, *, address: str, bucket: str, signer: Signer) -> None:
        """Take the address that forms are sent to, and a signer for `s3`."""
        self._address = address
        self._bucket = bucket
        self._signer = signer

    def form(self, key: str, *, max_bytes: int, expires_at: datetime) -> Form:
        """Return a form for an object of this key, of 1 to `max_bytes` bytes, until then; see the port.

        Temporary credentials end it earlier.
        """
        said = {"key": key, "Content-Type": content_type_of(key)}

        def policy(signed: Mapping[str, str]) -> str:
            conditions: list[Any] = [
                {"bucket": self._bucket},
                *({name: text} for name, text in {**said, **signed}.items()),
            ]
            conditions.append(["content-length-range", 1, max_bytes])
            ends = f"{expires_at:%Y-%m-%dT%H:%M:%S.000Z}"
            return b64encode(msgspec.json.encode({"expiration": ends, "conditions": conditions})).decode()

        return Form(self._address, said | self._signer.form_fields(policy))
