"""Define API keys and the scopes they may have."""

from datetime import datetime
from typing import Literal, TypeAlias, get_args

import msgspec

Scope: TypeAlias = Literal[
    "catalog:read",
    "catalog:write",
    "stock:read",
    "stock:write",
    "selling:read",
    "selling:write",
    "orders:read",
    "orders:write",
    "customers:read",
    "customers:write",
    "reviews:read",
    "reviews:write",
    "recommendations:read",
    "recommendations:write",
    "imports:write",
    "exports:read",
    "keys:write",
    "users:write",
    "webhooks:read",
    "webhooks:write",
    "admin",
]
SCOPES: tuple[str, ...] = get_args(Scope)
EVERY_SCOPE = "admin"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as the shop knows it: never the secret, only its hash. `admin` includes every scope."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    prefix: str
    secret_hash: str
    revoked_at: datetime | None = None

    def allows(self, scope: str) -> bool:
        """Tell whether the key may do what needs this scope."""
        return self.revoked_at is None and (scope in self.scopes or EVERY_SCOPE in self.scopes)
