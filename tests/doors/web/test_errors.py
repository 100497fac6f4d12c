"""Hold the five kinds of refusal, and bugs, to their statuses and to pages that give nothing away."""

import logging

import pytest
from browsing import Soup
from starlette.requests import Request

from bodega.domain.shop import Shop
from bodega.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError, UnavailableError
from bodega.web.errors import error_page
from bodega.web.site import Site


def _request() -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/somewhere",
            "query_string": b"",
            "headers": [],
            "scheme": "http",
            "server": ("shop.test", 80),
        }
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidError("the <b>price</b> is odd"), 422),
        (NotFoundError("product", "prod_x"), 404),
        (ConflictError("too late"), 409),
        (NotAllowedError("no"), 403),
        (UnavailableError("the table is busy", retry_after_seconds=2.6), 503),
        (RuntimeError("secret detail"), 500),
    ],
)
def test_each_kind_of_error_has_its_status_and_page(shop: Shop, error: Exception, status: int) -> None:
    answer = error_page(Site(shop), _request(), error)

    soup = Soup(bytes(answer.body).decode())
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert str(status) in soup.text
    assert soup.faults == []
    assert not soup.all("b")


def test_an_unavailable_page_says_when_to_come_back(shop: Shop) -> None:
    answer = error_page(Site(shop), _request(), UnavailableError("busy", retry_after_seconds=2.6))

    assert answer.headers["retry-after"] == "3"


def test_a_bug_is_logged_with_its_trace_and_told_without_it(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = error_page(Site(shop), _request(), RuntimeError("secret detail"))

    assert "secret" not in bytes(answer.body).decode()
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("secret detail",)]
