import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.errors import InvalidError
from bodega.values.text import MAX_SLUG_LENGTH, make_slug, parse_sku, parse_slug


@given(st.text())
def test_every_title_gives_a_slug_that_is_one(title):
    slug = make_slug(title)

    assert parse_slug(slug) == slug
    assert len(slug) <= MAX_SLUG_LENGTH


@given(st.text(min_size=1, max_size=70))
def test_spellings_of_a_sku_that_look_alike_are_one(text):
    forms = set()
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        try:
            forms.add(parse_sku(unicodedata.normalize(form, text)))
        except InvalidError:
            forms.add(None)

    assert len(forms - {None}) <= 1


@pytest.mark.parametrize("text", ["", " ", "A\x00B", "A\nB", "A" * 65, "\ud800", "A\u0085", "A\u2028B"])
def test_what_is_no_sku_is_refused(text):
    with pytest.raises(InvalidError):
        parse_sku(text)


@pytest.mark.parametrize("text", ["", "Red Mug", "-a", "a--b", "a_b", "a/b", "a" * 121, "../etc"])
def test_what_is_no_slug_is_refused(text):
    with pytest.raises(InvalidError):
        parse_slug(text)


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Café Crème", "cafe-creme"), ("抹茶 Matcha", "抹茶-matcha"), ("!!!", "item"), ("İstanbul", "istanbul")],
)
def test_titles_of_any_script_make_readable_slugs(title, slug):
    assert make_slug(title) == slug
