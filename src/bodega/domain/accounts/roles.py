"""Say what each role of staff may do: a role is a name for scopes, the same that API keys have."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from bodega.domain.accounts.model import EVERY_SCOPE, Scope

Role: TypeAlias = Literal["owner", "manager", "merchandiser", "support", "warehouse", "analyst"]
ROLES: tuple[Role, ...] = get_args(Role)

_SCOPES: Mapping[Role, tuple[Scope, ...]] = {
    # Everything, keys and other people's roles among it.
    "owner": ("admin",),
    # Runs the shop, but gives nobody the key to it.
    "manager": (
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
    ),
    # What is on the shelves, at which price, and what is said of it.
    "merchandiser": (
        "catalog:read",
        "catalog:write",
        "stock:read",
        "selling:read",
        "selling:write",
        "reviews:read",
        "reviews:write",
        "recommendations:read",
        "recommendations:write",
        "imports:write",
    ),
    # Whoever writes or calls, and what they ordered.
    "support": ("catalog:read", "stock:read", "orders:read", "orders:write", "customers:read", "reviews:read"),
    # What comes in and what goes out.
    "warehouse": ("catalog:read", "stock:read", "stock:write", "orders:read", "orders:write"),
    # Looks at everything that is about nobody, and changes nothing.
    "analyst": (
        "catalog:read",
        "stock:read",
        "selling:read",
        "orders:read",
        "reviews:read",
        "recommendations:read",
        "exports:read",
    ),
}


def scopes_of(role: Role) -> tuple[Scope, ...]:
    """Return the scopes of a role."""
    return _SCOPES[role]


def allows(role: Role, scope: str) -> bool:
    """Tell whether a role may do what needs a scope."""
    return scope in _SCOPES[role] or EVERY_SCOPE in _SCOPES[role]
