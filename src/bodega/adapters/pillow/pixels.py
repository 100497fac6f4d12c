"""Decode and encode pictures with Pillow, which strangers' bytes get no further than."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageOps

from bodega.ports.pictures import MAX_PIXELS, MAX_SIDE, Picture, PictureKind, UnreadablePictureError

_FORMATS: Mapping[PictureKind, str] = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WEBP"}
_OPTIONS: Mapping[PictureKind, Mapping[str, Any]] = {
    "png": {"optimize": True},
    "jpg": {"quality": 88, "optimize": True, "progressive": True},
    "gif": {},
    "webp": {"quality": 88, "method": 4},
}
_SMALLER: Mapping[str, Any] = {"quality": 80, "method": 4}
# What Pillow raises for what it cannot decode; its plugins read strangers' numbers and do not catch everything.
_UNDECODABLE = (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError, OverflowError)


def remade(data: bytes, kind: PictureKind, *, longest_side: int) -> Picture:
    """Return a picture decoded and encoded anew; see the port."""
    try:
        with Image.open(io.BytesIO(data), formats=(_FORMATS[kind],)) as opened:
            _check_size(*opened.size)
            pixels = _plain(ImageOps.exif_transpose(opened), alpha=kind != "jpg")
    except UnreadablePictureError:
        raise
    except (*_UNDECODABLE, Image.DecompressionBombError) as error:
        raise UnreadablePictureError(f"this is no {kind.upper()} picture that can be shown: {error}") from error
    pixels.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return _encoded(pixels, _FORMATS[kind], _OPTIONS[kind])


def smaller(picture: Picture, *, widths: Sequence[int]) -> dict[int, Picture]:
    """Return a remade picture in smaller widths; see the port."""
    found: dict[int, Picture] = {}
    with Image.open(io.BytesIO(picture.data)) as opened:
        pixels = _plain(opened, alpha=True)
    for width in (width for width in widths if width < picture.width):
        height = max(1, round(picture.height * width / picture.width))
        found[width] = _encoded(pixels.resize((width, height), Image.Resampling.LANCZOS), "WEBP", _SMALLER)
    return found


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise UnreadablePictureError(f"a picture has at most {MAX_PIXELS:,} pixels, not {width:,} by {height:,}")


def _plain(image: Image.Image, *, alpha: bool) -> Image.Image:
    """Return the pixels alone, in a new picture: a converted one keeps what was written beside them."""
    transparent = alpha and (image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info)
    converted = image.convert("RGBA" if transparent else "RGB")
    pixels = Image.new(converted.mode, converted.size)
    pixels.paste(converted)
    return pixels


def _encoded(pixels: Image.Image, form: str, options: Mapping[str, Any]) -> Picture:
    buffer = io.BytesIO()
    pixels.save(buffer, form, **options)
    return Picture(buffer.getvalue(), *pixels.size)
