"""Walk through pages as a browser without script does: follow links, fill in forms, press buttons, keep cookies."""

from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
_MOVED = {301, 302, 303, 307}


class Form:
    """A form of a page: what it would send as it stands, and its buttons as (name, value)."""

    def __init__(self, action):
        self.action, self.fields, self.buttons = action, {}, []


class Page(HTMLParser):
    """A page, read: its text, links and forms, and whether its tags match."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})

    def __init__(self, answer):
        super().__init__()
        self.status, self.url = answer.status_code, str(answer.url)
        self.elements, self.texts, self.forms, self.open, self.faults = [], [], [], [], []
        self._select = None
        self.feed(answer.text)
        self.close()

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    @property
    def alert(self):
        """What the page says is wrong."""
        return " ".join(" ".join(text for tag, text in self._alerts()).split())

    def links(self):
        return [a["href"] for tag, a in self.elements if tag == "a" and "href" in a]

    def form(self, do):
        """The form with the button that does this."""
        found = [form for form in self.forms if ("do", do) in form.buttons]
        assert found, f"nothing on {self.url} does {do!r}: {[form.buttons for form in self.forms]}\n{self.text}"
        return found[0]

    def check(self):
        """Assert that everybody can use it: tags match, ids are unique, fields have names that people can read."""
        ids = [a["id"] for _, a in self.elements if "id" in a]
        fields = [a for tag, a in self.elements if tag in {"input", "select"} and a.get("type") != "hidden"]
        labelled = {a["for"] for tag, a in self.elements if tag == "label" and "for" in a}
        described = [a["aria-describedby"] for _, a in self.elements if "aria-describedby" in a]
        assert self.faults == []
        assert [one for one in ids if ids.count(one) > 1] == []
        assert len([tag for tag, _ in self.elements if tag == "h1"]) == 1
        assert all("aria-label" in field or field.get("id") in labelled for field in fields), self.url
        assert all(label in ids for label in labelled | set(described))
        assert not any(name.startswith("on") or name == "style" for _, a in self.elements for name in a)
        assert not any(tag == "script" for tag, _ in self.elements)

    def handle_starttag(self, tag, attrs):
        a = {name: value or "" for name, value in attrs}
        self.elements.append((tag, a))
        if tag not in self.VOID:
            self.open.append((tag, a))
        if tag == "form":
            self.forms.append(Form(a.get("action", self.url)))
        elif self.forms and tag in {"input", "select", "option", "button", "textarea"}:
            self._note(tag, a)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.faults.append(f"</{tag}> closes nothing at {self.getpos()}")

    def handle_data(self, data):
        self.texts.append(data)
        for _, a in self.open:
            if a.get("role") == "alert":
                self.elements.append(("#alert", {"text": data}))

    def _alerts(self):
        return [(tag, a["text"]) for tag, a in self.elements if tag == "#alert"]

    def _note(self, tag, a):
        form = self.forms[-1]
        if tag == "button" and "name" in a:
            form.buttons.append((a["name"], a.get("value", "")))
        elif tag == "select":
            self._select = a["name"]
        elif tag == "option":
            if "selected" in a or self._select not in form.fields:
                form.fields[self._select] = a.get("value", "")
        elif "name" in a and (a.get("type") not in {"radio", "checkbox"} or "checked" in a):
            form.fields[a["name"]] = a.get("value", "on")


class Walker:
    """Somebody with a browser. `ask` sends one request and follows nothing."""

    def __init__(self, ask, base_url):
        self._ask, self._base, self.cookies = ask, base_url, {}
        self.page, self.answer = None, None

    def go(self, url):
        return self._request("GET", url)

    def press(self, do, **typed):
        """Fill in the form that has this button, and press it."""
        form = self.page.form(do)
        return self.send(form.action, form.fields | typed | {"do": do})

    def send(self, action, fields):
        return self._request("POST", urljoin(self.page.url, action), content=urlencode(fields), headers=FORM)

    def _request(self, method, url, headers=None, content=None):
        for _ in range(10):
            sent = dict(headers or {})
            if self.cookies:
                sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            answer = self._ask(method, urljoin(self._base, url), headers=sent, content=content)
            self._keep(answer)
            if answer.status_code not in _MOVED:
                break
            place = urljoin(str(answer.url), answer.headers["location"])
            assert urlsplit(place).netloc == urlsplit(self._base).netloc, f"sent away to {place}"
            method, url, headers, content = "GET", place, None, None
        self.answer = answer
        self.page = Page(answer)
        return self.page

    def _keep(self, answer: httpx.Response):
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value in {"", '""'}:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
