"""Find AWS credentials where botocore finds them: environment, profile, or the role of the machine or function."""

from typing import Any

import botocore.session

from bodega.adapters.aws.signing import Credentials
from bodega.errors import UnavailableError


class BotoCredentials:
    """The credentials of botocore's chain, renewed by it before they expire. Thread-safe."""

    def __init__(self, session: Any | None = None) -> None:
        """Look at once, so that a shop without credentials says so when it starts and not at its first request."""
        self._found = (session or botocore.session.get_session()).get_credentials()
        if self._found is None:
            raise UnavailableError("there are no AWS credentials: sign in by the AWS CLI, or give this machine a role")

    def current(self) -> Credentials:
        """Return valid credentials."""
        frozen = self._found.get_frozen_credentials()
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)
