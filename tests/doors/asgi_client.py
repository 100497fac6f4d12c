"""Speak ASGI in process, without a server, a port or a thread of its own."""

import asyncio
import sys
from importlib.util import find_spec
from typing import Any

import httpx

# httpx asks at every request whether it runs on trio, and for a library that is not there Python looks everywhere.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]


class Client:
    """A blocking client of an ASGI application."""

    def __init__(self, app: Any, *, headers: dict[str, str] | None = None, base_url: str = "http://shop.test") -> None:
        self._runner = asyncio.Runner()
        self._transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=self._transport, base_url=base_url, headers=headers)
        self.app = app

    def request(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, url, **kwargs))

    def get(self, url: str, **kwargs: Any) -> httpx.Response:
        return self.request("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> httpx.Response:
        return self.request("POST", url, **kwargs)

    def put(self, url: str, **kwargs: Any) -> httpx.Response:
        return self.request("PUT", url, **kwargs)

    def patch(self, url: str, **kwargs: Any) -> httpx.Response:
        return self.request("PATCH", url, **kwargs)

    def delete(self, url: str, **kwargs: Any) -> httpx.Response:
        return self.request("DELETE", url, **kwargs)

    def together(self, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
        """Send several requests at once, each (method, url, keyword arguments)."""

        async def send() -> list[httpx.Response]:
            return await asyncio.gather(*(self._client.request(m, u, **k) for m, u, k in requests))

        return self._runner.run(send())

    def run(self, coroutine: Any) -> Any:
        return self._runner.run(coroutine)

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
