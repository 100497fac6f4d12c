"""Know what of a product is staff's to set, and what it becomes when they set it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from bodega.domain.catalog.model import MAX_ID_LENGTH, Product, ProductInput, Rating, Variant, VariantInput
from bodega.domain.catalog.records import is_id
from bodega.domain.catalog.validate import is_in_utc_range
from bodega.errors import Fault, InvalidError
from bodega.values.decode import convert
from bodega.values.merge_patch import merge_patch
from bodega.values.text import parse_sku

READ_ONLY = ("id", "version", "created_at", "updated_at", "rating")
MAX_VERSION = 2**53  # JavaScript must be able to read it


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What an import may bring along of a product that was exported: used only if the product is not there yet."""

    id: str | None = None
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None
    rating: Rating = Rating()


def input_of(product: Product) -> ProductInput:
    """Return what staff would send to get this product."""
    return ProductInput(
        title=product.title,
        slug=product.slug,
        description=product.description,
        brand=product.brand,
        status=product.status,
        categories=product.categories,
        collections=product.collections,
        attributes=product.attributes,
        media=product.media,
        variants=[
            VariantInput(
                id=v.id,
                sku=v.sku,
                price=v.price,
                compare_at=v.compare_at,
                schedule=v.schedule,
                title=v.title,
                options=v.options,
                barcode=v.barcode,
                weight_grams=v.weight_grams,
            )
            for v in product.variants
        ],
    )


def without_variant_ids(given: ProductInput) -> ProductInput:
    """Return contents whose variants are recognised by their SKUs alone."""
    variants = [msgspec.structs.replace(variant, id=None) for variant in given.variants]
    return msgspec.structs.replace(given, variants=variants)


def patched(old: Product, patch: Mapping[str, Any]) -> ProductInput:
    """Return the contents that a merge patch makes of a product."""
    document = msgspec.to_builtins(input_of(old))
    return convert(merge_patch(document, without_read_only(old, patch)), ProductInput)


def without_read_only(product: Product, document: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the fields that staff cannot set, so that what was read can be sent back; one that differs is refused."""
    sent = [field for field in READ_ONLY if field in document]
    if not sent:
        return dict(document)
    current = msgspec.to_builtins(product)
    for field in sent:
        if document[field] != current[field]:
            raise InvalidError(
                f"{field} cannot be set",
                [Fault(f"/{field}", "read_only", f"{field} is {current[field]!r} and cannot be set")],
            )
    return {name: value for name, value in document.items() if name not in READ_ONLY}


def same(new: Product, old: Product) -> bool:
    """Tell whether nothing changed: as `==`, but to Python True is 1, and to a reader of JSON it is not."""
    return new == old and all(
        (v is True or v is False) == isinstance(old.attributes[n], bool) for n, v in new.attributes.items()
    )


def filled(base: Product, given: ProductInput, *, slug: str, variants: list[Variant]) -> Product:
    """Return the product with other contents; everything that is not staff's to set is kept."""
    return msgspec.structs.replace(
        base,
        slug=slug,
        title=given.title,
        description=given.description,
        brand=given.brand,
        status=given.status,
        categories=given.categories,
        collections=given.collections,
        attributes=given.attributes,
        media=given.media,
        variants=variants,
    )


def check_restored(restored: Restored) -> None:
    """Refuse what no export of ours has in it."""
    faults = []
    if restored.id is not None and not is_id(restored.id):
        faults.append(Fault("/id", "bad_id", f"an id is 1 to {MAX_ID_LENGTH} printable characters"))
    if not 1 <= restored.version <= MAX_VERSION:
        faults.append(Fault("/version", "out_of_range", f"version must be 1 to {MAX_VERSION}"))
    for field, moment in (("created_at", restored.created_at), ("updated_at", restored.updated_at)):
        if moment is not None and not is_in_utc_range(moment):
            faults.append(
                Fault(f"/{field}", "bad_time", f"{field} needs a UTC offset, and a year from 1 to 9999 in UTC")
            )
    if not 0 <= restored.rating.count <= restored.rating.total <= 5 * restored.rating.count:
        faults.append(Fault("/rating", "out_of_range", "the stars of a rating must be 1 to 5 for each review"))
    if faults:
        raise InvalidError(faults[0].detail, faults)


def variants_of(given: Sequence[VariantInput], old: Product | None, *, new_id: Callable[[], str]) -> list[Variant]:
    """Return the variants to store: those of SKUs that the product has already keep their ids."""
    named = {variant.id for variant in given}
    known = {v.id for v in old.variants} if old else set()
    # An id that is given to another SKU here is no longer this SKU's.
    by_sku = {v.sku: v.id for v in old.variants if v.id not in named} if old else {}
    variants = []
    for index, variant in enumerate(given):
        sku = parse_sku(variant.sku)
        if variant.id is not None and old is not None and variant.id not in known:
            raise InvalidError(
                f"the product has no variant {variant.id!r}",
                [Fault(f"/variants/{index}/id", "unknown_variant", "leave the id out to add a variant")],
            )
        variants.append(
            Variant(
                id=variant.id or by_sku.get(sku) or new_id(),
                sku=sku,
                price=variant.price,
                compare_at=variant.compare_at,
                schedule=variant.schedule,
                title=variant.title,
                options=variant.options,
                barcode=variant.barcode,
                weight_grams=variant.weight_grams,
            )
        )
    return variants
