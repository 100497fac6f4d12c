"""Let staff give products pictures: ask for an address, upload to it, complete."""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bodega import schema
from bodega.api import images
from bodega.api.admin.products import ONE, product_id_of, shown
from bodega.api.admin.uploads import Ticket, expiry, offer, offer_form
from bodega.api.call import Call
from bodega.api.declare import Route, Scope
from bodega.api.reply import Reply, replied
from bodega.api.shapes import FormUpload, Upload
from bodega.domain.catalog.model import Media, Product
from bodega.domain.catalog.products import input_of
from bodega.errors import ConflictError, NotFoundError, StaleVersionError

WRITE = Scope("catalog:write")
_ID = re.compile(r"[A-Za-z0-9_\-]{1,80}")
_TRIES = 5


class NewMedia(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A picture that is to be uploaded. SVG is not taken: it is a document that can act."""

    content_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp"]


class MediaTicket(msgspec.Struct, frozen=True):
    """A picture's id and where to upload it, either way; then POST to `…/media/{id}:complete`.

    `upload` takes what comes through to the shop, `form` also what is too large for that.
    """

    id: str
    upload: Upload
    form: FormUpload


class CompleteMedia(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said about a picture when it is attached."""

    alt: Annotated[str, Meta(max_length=300)] = ""


class NoSuchUploadError(ConflictError):
    """The picture was not uploaded yet."""

    code = "not_uploaded"


def create(call: Call) -> Reply:
    """Make an upload address for a picture of a product."""
    product = call.shop.catalog.products.get(product_id_of(call))
    media_id = call.shop.world.ids.new("med")
    suffix = images.CONTENT_TYPES[call.body.content_type]
    ticket = Ticket(
        kind="media",
        key=f"{schema.UPLOADS}{product.id}/{media_id}.{suffix}",
        content_types=(call.body.content_type,),
        max_bytes=call.desk.options.max_media_bytes,
        expires_at=expiry(call),
    )
    location = f"/v1/admin/products/{product.id}/media/{media_id}"
    return replied(MediaTicket(media_id, offer(call, ticket), offer_form(call, ticket)), status=201, location=location)


def complete(call: Call) -> Reply:
    """Attach an uploaded picture to its product; doing it again changes nothing."""
    product_id, media_id = product_id_of(call), call.params["media"]
    if not _ID.fullmatch(media_id):
        raise NotFoundError("picture", media_id[:80])
    product = call.shop.catalog.products.get(product_id)
    if any(f"/{media_id}." in media.key for media in product.media):
        return shown(product)
    objects = call.shop.world.objects
    found = (objects.find(f"{schema.UPLOADS}{product_id}/{media_id}.{s}") for s in images.CONTENT_TYPES.values())
    staged = next((info for info in found if info is not None), None)
    if staged is None:
        raise NoSuchUploadError("this picture was not uploaded yet, or not for this product")
    key = staged.key.removeprefix(schema.UPLOADS)
    picturing = call.shop.picturing
    ready = picturing.make_ready(key)
    shown_as = Media(key=key, alt=call.body.alt, width=ready.width, height=ready.height, widths=ready.widths)
    try:
        product = _attach(call, product_id, shown_as)
    except BaseException:
        picturing.discard(key)
        raise
    picturing.forget_upload(key)
    return shown(product)


def _attach(call: Call, product_id: str, media: Media) -> Product:
    products = call.shop.catalog.products
    for _ in range(_TRIES):
        product = products.get(product_id)
        if any(one.key == media.key for one in product.media):
            return product
        patch: dict[str, Any] = {"media": msgspec.to_builtins([*input_of(product).media, media])}
        try:
            return products.patch(product_id, patch, expected_version=product.version)
        except StaleVersionError:
            continue
    raise ConflictError(f"product {product_id!r} changes too fast; try again")


ROUTES = (
    Route(
        method="POST",
        path=ONE + "/media",
        name="admin.media.create",
        summary="Ask for an address to upload a picture to",
        policy=WRITE,
        handler=create,
        body=NewMedia,
        replies={201: MediaTicket},
        threaded=True,
    ),
    Route(
        method="POST",
        path=ONE + "/media/{media}:complete",
        name="admin.media.complete",
        summary="Attach an uploaded picture to its product",
        policy=WRITE,
        handler=complete,
        body=CompleteMedia,
        replies={200: Product},
        threaded=True,
    ),
)
