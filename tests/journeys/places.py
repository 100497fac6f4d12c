"""Where a shop can be: what a story needs to know of the place it is told in, and the laptop."""

import contextlib
from http.cookiejar import DefaultCookiePolicy

import httpx
from broker import publish
from engines import missing
from processes import bodega
from walking import Walker

from bodega.schema import COUNTS_TOPIC
from bodega.settings import Settings
from bodega.wiring import open_shop

LOOPBACK_ALLOWED = {"BODEGA_OUTGOING_ALLOW": "127.0.0.0/8"}
"""Settings of a shop that calls programs on this machine."""

_TROUBLE = ("Traceback (most recent call last)", "refused this role", "Task timed out")
_ENOUGH_LINES = 60


class Place:
    """A shop somewhere. People type `address`; `staff` are the headers of somebody who may do everything."""

    def __init__(self, *, address, staff, folder):
        self.address, self.staff, self.folder = address, staff, folder

    def api(self):
        """Return a client that keeps no cookies: whoever asks says who they are."""
        client = httpx.Client(base_url=self.address, transport=self.way(), timeout=120)
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return client

    def way(self):
        """Return how requests get there."""
        return httpx.HTTPTransport()

    def walker(self, api):
        """Return somebody with a browser of their own."""
        return Walker(api.request, self.address)

    def letters(self, to):
        """Return the letters that somebody got, oldest first."""
        return [letter for letter in self.post() if letter.to == to]

    def post(self):
        """Return all letters that the shop wrote, oldest first."""
        raise NotImplementedError

    def does(self, duty):
        """Have done now what is done by the clock. What happens as things happen is not helped along."""
        raise NotImplementedError

    def command(self, *arguments):
        """Run a command of ours about this shop."""
        raise NotImplementedError

    def trains(self):
        """Learn from all that was bought by now, due or not, and publish it, though too few customers can judge it."""
        trained = self.command("recommend", "train", "--force")
        assert trained.returncode == 0, trained.stderr

    def complaints(self):
        """Return what of its log somebody would have to look into: the first that broke, or was refused."""
        lines = list(self.log())
        begin = next((at for at, line in enumerate(lines) if any(sign in line for sign in _TROUBLE)), len(lines))
        return lines[begin : begin + _ENOUGH_LINES]

    def log(self):
        """Return the lines that the shop logged."""
        raise NotImplementedError

    def reachable(self, receiver, **more):
        """Return a webhook to a program on this machine, as it is sent to the shop."""
        return {"url": f"http://127.0.0.1:{receiver.port}/", **more}

    def publishes(self, device, location, payload):
        """Be a device: publish to the topic of its own that it has at a location."""
        raise NotImplementedError

    def settings(self):
        """Return how the shop itself is opened, by whoever stands for a part of the world that is only played."""
        raise NotImplementedError

    @contextlib.contextmanager
    def bank(self):
        """Yield the other side of payments."""
        with contextlib.closing(open_shop(self.settings())) as shop:
            yield shop


class Laptop(Place):
    """A shop in a folder of this machine, served and looked after by `bodega up`."""

    def __init__(self, up, *, postbox, broker, **place):
        super().__init__(**place)
        self._up, self._postbox, self._broker = up, postbox, broker

    def post(self):
        return self._postbox.letters

    def log(self):
        return self._up.text.splitlines()

    def does(self, duty):
        """Nothing to do: the worker does all of it by the second."""

    def command(self, *arguments):
        return bodega(*arguments, "--data", self.folder / "data")

    def publishes(self, device, location, payload):
        if self._broker is None:
            missing("mosquitto")
        self._up.wait_for_text("listening to devices")
        publish(self._broker, (f"{COUNTS_TOPIC}/{location}/{device}", payload), device=device)

    def settings(self):
        return Settings.for_directory(self.folder / "data")
