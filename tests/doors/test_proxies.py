"""Behind proxies of ours, who asks is whom the outermost of them saw, and never what a visitor wrote."""

import asyncio

import pytest

from bodega.asgi import BehindProxies

PEER = ("10.20.0.7", 4711)


def visitor(*forwarded, proxies):
    """Return the address that an application is told."""
    told = []

    async def application(scope, _receive, _send):
        told.append(scope["client"])

    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    scope = {"type": "http", "client": PEER, "headers": headers}
    asyncio.run(BehindProxies(application, proxies=proxies)(scope, None, None))
    return told[0][0]


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        (["203.0.113.9"], 1, "203.0.113.9"),
        (["203.0.113.9, 198.51.100.1"], 2, "203.0.113.9"),
        (["203.0.113.9", "198.51.100.1"], 2, "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9, 198.51.100.1"], 2, "203.0.113.9"),
        (["6.6.6.6, 7.7.7.7, 8.8.8.8,203.0.113.9"], 1, "203.0.113.9"),
        (["2001:db8::1, 198.51.100.1"], 2, "2001:db8::1"),
        (["203.0.113.9"], 2, PEER[0]),
        ([], 1, PEER[0]),
    ],
)
def test_who_asks_is_whom_the_outermost_proxy_saw(forwarded, proxies, expected):
    assert visitor(*forwarded, proxies=proxies) == expected
