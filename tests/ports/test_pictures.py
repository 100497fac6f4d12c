"""What becomes of strangers' pictures: they are shown as they look, carry nothing else, and cost a bounded amount."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bodega.adapters.pillow.pictures import PillowPictures
from bodega.ports.pictures import MAX_PIXELS, MAX_SIDE, Pictures, UnreadablePictureError

KINDS = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WEBP"}
SECRET = b"where this was taken"


@pytest.fixture
def pictures() -> Pictures:
    return PillowPictures()


def drawn(kind: str = "png", size: tuple[int, int] = (400, 200), mode: str = "RGB", **options: object) -> bytes:
    """A picture, red on its left half and blue on its right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, KINDS[kind], **options)
    return buffer.getvalue()


def seen(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def is_red(pixel: object) -> bool:
    red, green, blue = pixel  # type: ignore[misc]
    return red > 200 and green < 60 and blue < 60


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_looks_as_it_did_and_is_of_its_kind(pictures: Pictures, kind: str) -> None:
    made = pictures.remake(drawn(kind), kind, longest_side=1000)

    assert (made.width, made.height) == seen(made.data).size == (400, 200)
    assert Image.open(io.BytesIO(made.data)).format == KINDS[kind]
    assert is_red(seen(made.data).getpixel((10, 100)))
    assert not is_red(seen(made.data).getpixel((390, 100)))


@pytest.mark.parametrize(("kind", "mode"), [("jpg", "CMYK"), ("png", "P"), ("png", "1"), ("png", "RGBA"), ("gif", "P")])
def test_pictures_of_every_colour_space_are_shown(pictures: Pictures, kind: str, mode: str) -> None:
    made = pictures.remake(drawn(kind, mode=mode), kind, longest_side=1000)

    assert set(pictures.smaller(made, widths=(100,))) == {100}


def test_what_cameras_write_beside_the_pixels_is_gone_and_turned_pictures_stand_upright(pictures: Pictures) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to be seen
    exif[0x010E] = SECRET.decode()

    made = pictures.remake(drawn("jpg", exif=exif, comment=SECRET) + SECRET, "jpg", longest_side=1000)

    assert (made.width, made.height) == (200, 400)
    assert is_red(seen(made.data).getpixel((100, 10)))
    assert SECRET not in made.data
    assert not Image.open(io.BytesIO(made.data)).getexif()


def test_large_pictures_become_smaller_and_small_ones_are_not_blown_up(pictures: Pictures) -> None:
    made = pictures.remake(drawn(size=(400, 200)), "png", longest_side=100)
    sizes = pictures.smaller(pictures.remake(drawn(size=(400, 200)), "png", longest_side=1000), widths=(64, 320, 640))

    assert (made.width, made.height) == (100, 50)
    assert {width: (one.width, one.height) for width, one in sizes.items()} == {64: (64, 32), 320: (320, 160)}
    assert {Image.open(io.BytesIO(one.data)).format for one in sizes.values()} == {"WEBP"}


def test_of_an_animation_the_first_frame_is_shown(pictures: Pictures) -> None:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])

    made = pictures.remake(buffer.getvalue(), "gif", longest_side=100)

    assert getattr(Image.open(io.BytesIO(made.data)), "n_frames", 1) == 1
    assert is_red(seen(made.data).getpixel((5, 5)))


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many pixels in a few hundred bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        drawn()[:-40],
        drawn()[:60],
        drawn("jpg"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        bomb(MAX_SIDE + 1, 1),
        bomb(MAX_PIXELS // 1000, 1001),
        bomb(0, 10),
        bomb(2**31 - 1, 2**31 - 1),
    ],
    ids=["empty", "head", "cut", "stump", "jpeg", "svg", "pdf", "long", "many", "none", "vast"],
)
def test_what_is_no_whole_picture_of_its_kind_is_refused(pictures: Pictures, data: bytes) -> None:
    with pytest.raises(UnreadablePictureError):
        pictures.remake(data, "png", longest_side=100)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_bytes_that_were_damaged_are_shown_or_refused_and_nothing_else(kind: str, data: st.DataObject) -> None:
    whole = bytearray(drawn(kind, size=(32, 16)))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = PillowPictures().remake(bytes(whole), kind, longest_side=100)
    except UnreadablePictureError:
        return
    assert made.width * made.height > 0
