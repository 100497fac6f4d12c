from typing import Any

import pytest

from bodega.domain.catalog.model import ProductInput
from bodega.errors import InvalidError
from bodega.values.decode import SyntaxFaultError, convert, decode_json


def product(variant):
    return f'{{"title": "Mug", "variants": [{{"sku": "A", {variant}}}]}}'


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"title": 1, "variants": []}', "/title"),
        ('{"title": "Mug", "variants": []}', "/variants"),
        ('{"title": "Mug", "variants": [{"sku": "A"}], "colour": "red"}', ""),
        (product('"price": {"amount": 1}'), "/variants/0/price"),
        (product('"price": {"amount": 1, "currency": "pound"}'), "/variants/0/price"),
        (product('"price": {"amount": 1.5, "currency": "GBP"}'), "/variants/0/price/amount"),
    ],
)
def test_a_fault_says_where_it_is(body, pointer):
    with pytest.raises(InvalidError) as refused:
        decode_json(body, ProductInput)

    assert refused.value.faults[0].pointer == pointer


BROKEN = ["", "{", '{"a": NaN}', "[" * 100_000, '"\ud800"'.encode("utf-8", "surrogatepass"), b"\xff"]


@pytest.mark.parametrize("body", BROKEN)
def test_what_is_no_json_is_told_apart_from_what_is_wrong(body):
    with pytest.raises(SyntaxFaultError):
        decode_json(body, Any)


def test_a_key_with_a_slash_is_escaped_in_the_pointer():
    with pytest.raises(InvalidError) as refused:
        convert({"title": "M", "variants": [{"sku": "A"}], "attributes": {"a/b": {}}}, ProductInput)

    assert refused.value.faults[0].pointer.startswith("/attributes")
