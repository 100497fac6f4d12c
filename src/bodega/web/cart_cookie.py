"""Know a browser's cart by a signed cookie that scripts cannot read and other sites cannot send along."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from starlette.requests import Request
from starlette.responses import Response

from bodega.ports.keys import Keys

COOKIE = "cart"
_MAX_LENGTH = 400
_MAX_AGE_SECONDS = 30 * 24 * 3600
_PURPOSE = "web.cart"
_SIGNATURE_BYTES = 32


def read_cart(request: Request, keys: Keys) -> str | None:
    """Return the id of the browser's cart, None for a cookie that is absent, damaged or not ours."""
    cookie = request.cookies.get(COOKIE)
    if not cookie or len(cookie) > _MAX_LENGTH or not cookie.isascii():
        return None
    try:
        raw = urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    except ValueError:
        return None
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    return body.decode() if keys.verify(_PURPOSE, body, signature) else None


def forget_cart(response: Response) -> None:
    """Have the browser forget its cart: it is a customer's now, and found by who they are."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def write_cart(response: Response, request: Request, keys: Keys, cart_id: str) -> None:
    """Send the cookie along with a response; it lasts as long as a guest's cart."""
    body = cart_id.encode()
    response.set_cookie(
        COOKIE,
        urlsafe_b64encode(keys.sign(_PURPOSE, body) + body).rstrip(b"=").decode(),
        max_age=_MAX_AGE_SECONDS,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
