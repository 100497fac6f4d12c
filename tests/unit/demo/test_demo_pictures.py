"""The demo's pictures: small, safe, well-formed, one of their own for every kind of thing."""

import re
from xml.etree import ElementTree as ET

import pytest

from bodega.demo.chance import Chance
from bodega.demo.colours import PALETTES
from bodega.demo.kinds.all import KINDS
from bodega.demo.pictures.drawing import CLOSE, COMPANY, WHOLE, Drawing
from bodega.demo.pictures.motif import MOTIFS

MOST_BYTES = 4096
_ELEMENTS = {
    "svg",
    "defs",
    "g",
    "path",
    "rect",
    "ellipse",
    "circle",
    "text",
    "use",
    "clipPath",
    "linearGradient",
    "stop",
}


def check(svg):
    assert len(svg.encode()) <= MOST_BYTES
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    assert root.get("viewBox") == "0 0 600 600"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in _ELEMENTS
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert "style" not in name
            if "href" in name:
                assert value.startswith("#")
                assert value[1:] in ids
    for used in re.findall(r"url\(#([^)]+)\)", svg):
        assert used in ids
    assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "", 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_way_a_kind_can_be_drawn_is_small_and_safe(kind):
    chance = Chance("pictures", kind.code)
    for _ in range(25):
        pigments = [colour.hex for colour in chance.some(PALETTES[kind.palette], chance.whole(1, 3))]
        lead = chance.pick(kind.leads).partition(">")[0] if kind.leads else "Reading Room"
        hint = f"{lead} {chance.pick(kind.nouns or ('',))}"
        for view in (WHOLE, COMPANY, CLOSE):
            check(Drawing("x.svg", "", kind.motif, pigments, lead, hint, chance.whole(0, 2**18 - 1), view).svg())


def test_hostile_labels_are_escaped():
    drawing = Drawing("x.svg", "", "jar", ["#c4694a"], '<a b="&amp;">&', "", 5, WHOLE)

    check(drawing.svg())


def test_there_are_many_motifs_and_all_are_used():
    assert len(set(MOTIFS.values())) >= 90
    assert {kind.motif for kind in KINDS} == set(MOTIFS)


def test_every_product_has_two_or_three_pictures_named_as_its_media(shop):
    names = []
    for product in shop.products:
        pictures = product.pictures
        assert len(pictures) in {2, 3}
        assert [name for name, _ in pictures] == [media.key for media in product.input.media]
        assert all(media.alt and media.width == media.height == 600 for media in product.input.media)
        names += [name for name, _ in pictures]
        for _, svg in pictures[:1]:
            check(svg)

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"demo/\d{3}/[a-z]+-\d+-[123]\.svg", name) for name in names)


def test_colours_of_a_product_show_in_its_picture(shop):
    red = next(p for p in shop.products if p.key.startswith("mugs-") and p.input.variants[0].sku.endswith("-SAG"))

    assert "#9bae88" in red.pictures[0][1]
