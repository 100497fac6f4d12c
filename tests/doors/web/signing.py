"""Be a customer at the pages: a browser that keeps its cookies and sends a page's own forms."""

from urllib.parse import urlencode

import httpx
from browsing import Browser, Soup
from walking import Walker

from bodega.domain.shop import Shop

FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
PASSWORD = "two teapots on a shelf"
STAFF_PASSWORD = "a crate of oranges"


class Customer:
    """A browser with a cookie jar."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.cookies: dict[str, str] = {}
        self.last: httpx.Response | None = None

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {**options.pop("headers", {}), **({"cookie": jar} if jar else {})}
        answer = self.browser.ask(method, path, headers=headers, **options)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        self.last = answer
        return answer

    def page(self, path: str) -> Soup:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return Soup(answer.text)

    def send(self, path: str, **fields: str) -> httpx.Response:
        return self.ask("POST", path, content=urlencode(fields), headers=FORM)

    def act(self, path: str, *, shown: str | None = None, **fields: str) -> httpx.Response:
        """Send a form of a page that is shown, with the token on it."""
        token = self.page(shown or path).all("input", name="token")[0]["value"]
        return self.send(path, token=token, **fields)

    def sign_up(self, email: str, **fields: str) -> httpx.Response:
        return self.send("/sign-up", email=email, password=PASSWORD, **fields)

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
        return self.send("/sign-in", email=email, password=password, **fields)


def staff_of(browser: Browser, shop: Shop, role: str) -> Walker:
    email = f"{role}.orders@shop.example"
    if all(user.email != email for user in shop.staff.list()):
        shop.staff.create(email=email, role=role, name=role.title(), password=STAFF_PASSWORD)
    walker = Walker(browser.ask, "http://shop.test")
    walker.go("/staff/sign-in")
    fields = walker.page.forms[-1].fields | {"email": email, "password": STAFF_PASSWORD}
    walker.send("/staff/sign-in", fields)
    assert walker.page.status == 200, walker.page.text
    return walker
