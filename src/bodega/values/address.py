"""Define where parcels and bills go."""

import msgspec

from bodega.errors import Fault
from bodega.values.text import is_clean

_MAX_FIELD_LENGTH = 200
_COUNTRY_LENGTH = 2


class Address(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where goods go. `country` is ISO 3166-1 alpha-2."""

    name: str
    line1: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""


def address_faults(address: Address, pointer: str) -> list[Fault]:
    """Return everything that is wrong with an address; `pointer` says where in the input it stands."""
    faults = []
    for field in Address.__struct_fields__:
        text = getattr(address, field)
        if len(text) > _MAX_FIELD_LENGTH or not is_clean(text):
            detail = f"{field} has at most {_MAX_FIELD_LENGTH} characters, without control characters"
            faults.append(Fault(f"{pointer}/{field}", "bad_text", detail))
        elif field in {"name", "line1", "city"} and not text.strip():
            faults.append(Fault(f"{pointer}/{field}", "required", f"{field} is needed"))
    if not (len(address.country) == _COUNTRY_LENGTH and address.country.isascii() and address.country.isupper()):
        faults.append(Fault(f"{pointer}/country", "bad_country", "country is two capital letters (ISO 3166-1)"))
    return faults
