"""Decide whether what staff sent can be a product, listing every fault and not only the first."""

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime

from bodega.domain.catalog.model import (
    MAX_LISTS,
    Attribute,
    AttributeValue,
    ProductInput,
    VariantInput,
)
from bodega.domain.catalog.tree import CategoryTree
from bodega.errors import Fault, InvalidError
from bodega.values.money import Money
from bodega.values.text import is_clean, parse_sku, parse_slug

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "list": list,
}
_MAX_VALUE_LENGTH = 500
_MAX_LIST_VALUES = 50


def check_product(
    given: ProductInput,
    *,
    tree: CategoryTree,
    collections: Container[str],
    attributes: Mapping[str, Attribute],
    currency: str,
) -> None:
    """Raise InvalidError with all faults, if there are any."""
    faults = [
        *_text_faults(given),
        *_variant_faults(given.variants, currency),
        *_place_faults(given, tree, collections),
        *_attribute_faults(given.attributes, attributes),
    ]
    if faults:
        raise InvalidError(f"the product has {len(faults)} fault(s): {faults[0].detail}", faults)


def _text_faults(given: ProductInput) -> Iterator[Fault]:
    for field, text in (("title", given.title), ("brand", given.brand), ("description", given.description)):
        if not is_clean(text, multiline=field == "description"):
            yield Fault(f"/{field}", "bad_text", f"{field} must not contain control characters or broken Unicode")
    if not given.title.strip():
        yield Fault("/title", "required", "title must not be blank")
    if given.slug is not None:
        try:
            parse_slug(given.slug)
        except InvalidError as exc:
            yield Fault("/slug", "bad_slug", exc.message)
    for index, media in enumerate(given.media):
        if not (is_clean(media.key) and is_clean(media.alt)) or ".." in media.key:
            yield Fault(f"/media/{index}", "bad_text", "a picture's key and text must be printable")


def _variant_faults(variants: list[VariantInput], currency: str) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    ids: set[str] = set()
    for index, variant in enumerate(variants):
        at = f"/variants/{index}"
        try:
            sku = parse_sku(variant.sku)
        except InvalidError as exc:
            yield Fault(f"{at}/sku", "bad_sku", exc.message)
        else:
            if sku in seen:
                yield Fault(
                    f"{at}/sku",
                    "duplicate_sku",
                    f"variants {seen[sku]} and {index} have the same SKU {sku!r}",
                )
            seen[sku] = index
        if variant.id is not None:
            if variant.id in ids:
                yield Fault(f"{at}/id", "duplicate_id", f"two variants have the id {variant.id!r}")
            if not is_clean(variant.id):
                yield Fault(f"{at}/id", "bad_text", "an id must not contain control characters or broken Unicode")
            ids.add(variant.id)
        for text in (variant.title, variant.barcode, *variant.options, *variant.options.values()):
            if text and not is_clean(text):
                yield Fault(at, "bad_text", "a variant's texts must not contain control characters or broken Unicode")
        yield from _price_faults(variant, at, currency)


def _price_faults(variant: VariantInput, at: str, currency: str) -> Iterator[Fault]:
    yield from _one_price_faults(variant.price, variant.compare_at, at, currency)
    for index, entry in enumerate(variant.schedule):
        here = f"{at}/schedule/{index}"
        yield from _one_price_faults(entry.price, entry.compare_at, here, currency)
        edges = {"valid_from": entry.valid_from, "valid_until": entry.valid_until}
        unclear = [field for field, moment in edges.items() if moment is not None and not is_in_utc_range(moment)]
        for field in unclear:
            yield Fault(f"{here}/{field}", "bad_time", f"{field} needs a UTC offset, and a year from 1 to 9999 in UTC")
        if not unclear and entry.valid_from and entry.valid_until and entry.valid_from >= entry.valid_until:
            yield Fault(f"{here}/valid_until", "out_of_range", "valid_until must be after valid_from")


def is_in_utc_range(moment: datetime) -> bool:
    """Tell whether a moment has an offset and can be written in UTC: the first and last hours of time cannot."""
    try:
        return moment.tzinfo is not None and moment.astimezone(UTC) is not None
    except OverflowError:
        return False


def _one_price_faults(price: Money | None, compare_at: Money | None, at: str, currency: str) -> Iterator[Fault]:
    for field, money in (("price", price), ("compare_at", compare_at)):
        if money is None:
            continue
        if money.currency != currency:
            yield Fault(f"{at}/{field}", "other_currency", f"this shop sells in {currency}, not in {money.currency}")
        if money.amount < 0:
            yield Fault(f"{at}/{field}", "out_of_range", f"{field} must not be negative")
    if compare_at is not None and (price is None or compare_at.amount <= price.amount):
        yield Fault(f"{at}/compare_at", "out_of_range", "compare_at must be above the price")


def _place_faults(given: ProductInput, tree: CategoryTree, collections: Container[str]) -> Iterator[Fault]:
    for index, category in enumerate(given.categories):
        if category not in tree.by_id:
            yield Fault(f"/categories/{index}", "unknown_category", f"there is no category {category!r}")
    for index, collection in enumerate(given.collections):
        if collection not in collections:
            yield Fault(f"/collections/{index}", "unknown_collection", f"there is no collection {collection!r}")
    for field, values in (("categories", given.categories), ("collections", given.collections)):
        if len(values) > 1 and len(set(values)) != len(values):
            yield Fault(f"/{field}", "duplicate", f"{field} must not repeat")
    lists = 1 + len(tree.with_ancestors(given.categories)) + len(given.collections)
    if lists > MAX_LISTS:
        yield Fault("/categories", "too_many_lists", f"the product would stand in {lists} lists; at most {MAX_LISTS}")


def _attribute_faults(values: Mapping[str, AttributeValue], known: Mapping[str, Attribute]) -> Iterator[Fault]:
    for name, value in values.items():
        if type(value) is str and name not in known and _is_plain_pair(name, value):
            continue  # nearly all
        at = f"/attributes/{name.replace('~', '~0').replace('/', '~1')}"
        if not is_clean(name) or "=" in name:
            yield Fault(at, "bad_text", "an attribute's name must be printable and have no '='")
        if isinstance(value, list) and len(value) > _MAX_LIST_VALUES:
            yield Fault(at, "out_of_range", f"at most {_MAX_LIST_VALUES} values")
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and (len(one) > _MAX_VALUE_LENGTH or not is_clean(one, multiline=True)):
                yield Fault(at, "bad_text", f"a value is printable text of at most {_MAX_VALUE_LENGTH} characters")
            if isinstance(one, float) and one - one != 0:
                yield Fault(at, "out_of_range", "a number must be finite")
            if isinstance(one, int) and abs(one) >= 2**53:
                yield Fault(at, "out_of_range", "an integer must be below 2**53, so that JavaScript can read it")
        if name in known:
            yield from _declared_faults(value, known[name], at)


def _is_plain_pair(name: str, value: str) -> bool:
    return name.isprintable() and "=" not in name and len(value) <= _MAX_VALUE_LENGTH and value.isprintable()


def _declared_faults(value: AttributeValue, declared: Attribute, at: str) -> Iterator[Fault]:
    right = isinstance(value, _TYPES[declared.type])
    if isinstance(value, bool) and declared.type != "boolean":
        right = False
    if not right:
        yield Fault(at, "wrong_type", f"attribute {declared.name!r} must be of type {declared.type}")
    elif declared.choices:
        unknown = [v for v in (value if isinstance(value, list) else [value]) if v not in declared.choices]
        if unknown:
            yield Fault(at, "unknown_choice", f"{unknown[0]!r} is not among the choices of {declared.name!r}")
