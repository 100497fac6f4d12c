"""E-mail addresses: written as people write them, compared so that two spellings are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.errors import InvalidError
from bodega.values.email import parse_email


@pytest.mark.parametrize(
    "spelling",
    [
        "ann.teak+1@shop.example",
        "ANN.TEAK+1@SHOP.EXAMPLE",
        "  ann.teak+1@shop.example ",
        "\uff41nn.teak+1@shop.example",
        "ann.teak+1@\uff33hop.example",
        "ann.teak\uff0b1@shop.example",
    ],
    ids=["plain", "capitals", "spaces", "wide-local", "wide-domain", "wide-sign"],
)
def test_spellings_of_one_address_have_one_key(spelling):
    assert parse_email(spelling).key == "ann.teak+1@shop.example"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("J\u00fcrgen@b\u00fccher.example", "ju\u0308rgen@xn--bcher-kva.example"),
        ("stra\u00dfe@shop.example", "STRASSE@shop.example"),
        (
            "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2@shop.example",
            "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3@shop.example",
        ),
        ("\ufb01n@shop.example", "FIN@shop.example"),
    ],
    ids=["idna", "sharp-s", "final-sigma", "ligature"],
)
def test_letters_of_all_scripts_are_folded(one, other):
    assert parse_email(one).key == parse_email(other).key


@pytest.mark.parametrize(
    "different",
    ["ann.teak@shop.example", "annteak+1@shop.example", "ann.teak+2@shop.example", "\u0430nn.teak+1@shop.example"],
    ids=["tag", "dot", "other-tag", "cyrillic"],
)
def test_what_only_some_providers_ignore_makes_a_difference(different):
    assert parse_email(different).key != parse_email("ann.teak+1@shop.example").key


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ann",
        "@shop.example",
        "ann@",
        "ann@shop",
        "a@b@c.example",
        "ann@-shop.example",
        "ann..teak@shop.example",
        "ann@shop.example\nBcc: all@x.example",
        "ann\u200b@shop.example",
        "ann\u202e@shop.example",
        "ann@shop.example\x00",
        "ann@" + "a" * 250 + ".example",
        "ann@[127.0.0.1]",
        "Ann <ann@shop.example>",
        "a" * 100_000,
        "\ud800@shop.example",
    ],
    ids=range(18),
)
def test_what_nobody_can_write_to_is_refused(text):
    with pytest.raises(InvalidError) as refused:
        parse_email(text, pointer="/contact/email")

    assert refused.value.faults[0].pointer == "/contact/email"


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_refused_and_its_spelling_has_the_same_key(text):
    try:
        address = parse_email(text)
    except InvalidError:
        return
    assert parse_email(address.text).key == address.key
    assert parse_email(address.text.swapcase()).key == address.key
