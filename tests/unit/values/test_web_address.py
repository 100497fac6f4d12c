"""An address means one thing, or it is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodega.values.web_address import AddressError, parse_web_address


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("https://shop.example", "https://shop.example/"),
        ("HTTPS://Shop.Example:443/Hook", "https://shop.example/Hook"),
        ("http://shop.example:80?x=1", "http://shop.example/?x=1"),
        ("https://shop.example.:8443/", "https://shop.example:8443/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://\uff33\uff28\uff2f\uff30.example/", "https://shop.example/"),
        ("https://\uff11\uff12\uff17.0.0.1/", "https://127.0.0.1/"),
        ("https://127\u30020\u30020\u30021/", "https://127.0.0.1/"),
        ("https://[2001:DB8::0001]/", "https://[2001:db8::1]/"),
        ("https://[::ffff:1.2.3.4]:99/", "https://[::ffff:102:304]:99/"),
        ("https://a_b.example/", "https://a_b.example/"),
    ],
)
def test_an_address_has_one_canonical_form(text: str, canonical: str) -> None:
    address = parse_web_address(text)

    assert str(address) == canonical
    assert parse_web_address(canonical) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop.example",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "https:/shop.example",
        "https://",
        "https:///path",
        "https://user@shop.example/",
        "https://user:password@shop.example/",
        "https://shop.example@10.0.0.1/",
        "https://shop.example\\@10.0.0.1/",
        "https://shop.example/#fragment",
        "https://shop.example/ space",
        "https://shop.example/\r\nHost: inner",
        "https://shop.example\t/",
        "https://shop.example/ü",
        "https://shop.example/%zz",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://127.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1./%",
        "https://1.2.3.4.5/",
        "https://256.0.0.1/",
        "https://a.0x1/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[1.2.3.4]/",
        "https://[::1/",
        "https://shop.example:0/",
        "https://shop.example:65536/",
        "https://shop.example:/",
        "https://shop.example:+443/",
        "https://shop..example/",
        "https://-shop.example/",
        "https://shop.example../",
        "https://./",
        "https://%31%32%37.0.0.1/",
        "https://sh\u200bop\u0000.example/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 130}example/",
        f"https://shop.example/{'a' * 2048}",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_web_address(text)


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://{text}/", f"https://shop.example/{text}"):
        try:
            address = parse_web_address(candidate)
        except AddressError:
            continue
        assert parse_web_address(str(address)) == address
        assert str(address).isascii()
