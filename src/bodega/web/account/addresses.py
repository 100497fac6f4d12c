"""Let customers keep an address book."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.accounts.profile import MAX_ADDRESSES, SavedAddress
from bodega.errors import InvalidError, NotFoundError, ShopError
from bodega.values.address import Address
from bodega.web import links
from bodega.web.account.frame import back_to, own_page, signed_in
from bodega.web.fields import Field, faults_of, filled, message_of, typed
from bodega.web.forms import check_token
from bodega.web.links import Href
from bodega.web.site import Site

ADDRESS: Sequence[Field] = (
    Field(name="name", label="Name", autocomplete="name"),
    Field(name="line1", label="Address", autocomplete="address-line1"),
    Field(name="line2", label="Flat, floor or building", autocomplete="address-line2", needed=False),
    Field(name="city", label="Town or city", autocomplete="address-level2", wide=False),
    Field(name="postal_code", label="Postcode", autocomplete="postal-code", needed=False, wide=False),
    Field(name="region", label="County or region", autocomplete="address-level1", needed=False, wide=False),
    Field(name="country", label="Country, two letters", autocomplete="country", wide=False, most=2),
    Field(name="phone", label="Phone", kind="tel", autocomplete="tel", needed=False),
)


class AddressCard(msgspec.Struct, frozen=True):
    """An address of the book, as it is written on a parcel."""

    id: str
    lines: Sequence[str]
    default: bool
    href: Href


class AddressesPage(msgspec.Struct, frozen=True):
    """The book, and the form for another one; no form once the book is full."""

    addresses: Sequence[AddressCard]
    fields: Sequence[Field]


class AddressPage(msgspec.Struct, frozen=True):
    """The form of one address."""

    action: Href
    fields: Sequence[Field]


def addresses_page(site: Site, request: Request) -> Response:
    """Answer with the book."""
    return _book(site, request)


def change_addresses(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Add an address, remove one, or make one the default."""
    visitor = signed_in(site, request)
    check_token(site.shop.world.keys, visitor.session.id, fields)
    accounts, customer_id, address_id = site.shop.accounts, visitor.account.id, fields.get("address", "")
    try:
        match fields.get("do"):
            case "add":
                accounts.add_address(customer_id, _address(fields))
            case "default":
                accounts.change_address(customer_id, address_id, changes={}, default=True)
            case "remove":
                accounts.remove_address(customer_id, address_id)
            case _:
                raise InvalidError("this form asks for nothing that an address book can do")  # noqa: TRY301
    except InvalidError as exc:
        return _book(site, request, fields, exc)
    except NotFoundError:
        pass  # it was taken out in another window: the book as it is says so
    return back_to(links.ACCOUNT_ADDRESSES, "address")


def address_page(site: Site, request: Request) -> Response:
    """Answer with the form of one address; NotFoundError for one of nobody's or somebody else's."""
    saved = _saved(site, request)
    return _one(site, request, saved, msgspec.structs.asdict(saved.address))


def change_address(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Change one address."""
    visitor, saved = signed_in(site, request), _saved(site, request)
    check_token(site.shop.world.keys, visitor.session.id, fields)
    try:
        site.shop.accounts.change_address(visitor.account.id, saved.id, changes=_typed(fields))
    except InvalidError as exc:
        return _one(site, request, saved, fields, exc)
    return back_to(links.ACCOUNT_ADDRESSES, "address")


def _saved(site: Site, request: Request) -> SavedAddress:
    return signed_in(site, request).account.personal.address(request.path_params["address_id"])


def _typed(fields: Mapping[str, str]) -> dict[str, str]:
    given = typed(ADDRESS, fields)
    return given | {"country": given["country"].upper()}


def _address(fields: Mapping[str, str]) -> Address:
    return Address(**_typed(fields))


def _card(saved: SavedAddress) -> AddressCard:
    to = saved.address
    lines = (to.name, to.line1, to.line2, f"{to.postal_code} {to.city}", to.region, to.country, to.phone)
    shown = [line.strip() for line in lines if line.strip()]
    return AddressCard(saved.id, shown, saved.default, links.account_address(saved.id))


def _book(site: Site, request: Request, sent: Mapping[str, str] = {}, refusal: ShopError | None = None) -> Response:
    personal = signed_in(site, request).account.personal
    known = {"name": personal.name, "phone": personal.phone} | dict(sent)
    full = len(personal.addresses) >= MAX_ADDRESSES
    own = AddressesPage(
        [_card(saved) for saved in personal.addresses], [] if full else filled(ADDRESS, known, faults_of(refusal))
    )
    return own_page(
        site,
        request,
        "account_addresses.html",
        own,
        title="Your addresses",
        current=links.ACCOUNT_ADDRESSES,
        message=message_of(refusal, ADDRESS),
        status=200 if refusal is None else 422,
    )


def _one(
    site: Site,
    request: Request,
    saved: SavedAddress,
    values: Mapping[str, str],
    refusal: ShopError | None = None,
) -> Response:
    own = AddressPage(links.account_address(saved.id), filled(ADDRESS, values, faults_of(refusal)))
    return own_page(
        site,
        request,
        "account_address.html",
        own,
        title="An address",
        current=links.ACCOUNT_ADDRESSES,
        message=message_of(refusal, ADDRESS),
        status=200 if refusal is None else 422,
    )
