"""From past orders to recommended products, by the function that does nothing else."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from events import Context
from stocked import COFFEE, GARDEN, stock_up

from bodega.domain.recommendations.receipts import Receipts
from bodega.domain.shop import Shop
from bodega.errors import InvalidError, UnavailableError
from bodega.lambdas import recommend
from bodega.lambdas.starting import Handler
from bodega.settings import Settings
from bodega.wiring import alone, opening

Start = Callable[[Settings], Handler]


@contextlib.contextmanager
def starting() -> Iterator[Start]:
    """Start the function as Lambda does, and close what it opened, which it never does itself."""
    with contextlib.ExitStack() as opened, pytest.MonkeyPatch.context() as patch:

        def noted(make: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *args, **options: opened.enter_context(contextlib.closing(make(*args, **options)))

        patch.setattr(opening, "build", noted(opening.build))
        patch.setattr(alone, "open_recommender", noted(alone.open_recommender))
        yield recommend.opened


@pytest.fixture
def start() -> Iterator[Start]:
    with starting() as start:
        yield start


@pytest.fixture(scope="module")
def unopened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handler]:
    """The handler of an empty shop on this machine, for what does not get as far as a shop."""
    with starting() as start:
        yield start(Settings.for_directory(tmp_path_factory.mktemp("empty")))


def test_what_is_recommended_follows_from_past_orders(shop: Shop, settings: Settings, start: Start) -> None:
    products = stock_up(shop)
    names = {product_id: name for name, product_id in products.items()}
    handler = start(settings)

    coffee, garden = (
        handler({"customer_id": who, "placement": "because_you_bought", "limit": 2}, Context())
        for who in ("cus_c0", "cus_g0")
    )

    assert {names[one["product"]["id"]] for one in coffee["data"]} <= set(COFFEE)
    assert {names[one["product"]["id"]] for one in garden["data"]} <= set(GARDEN)
    assert coffee["data"][0]["reason"]["code"] == "because_you_bought"
    assert (coffee["model_version"], coffee["fallback"]) == (shop.models.current_version(), None)


def test_a_list_is_the_same_as_the_shops_own_and_its_receipt_counts_there(
    shop: Shop, settings: Settings, start: Start
) -> None:
    products = stock_up(shop)
    ask = {"placement": "bought_together", "product_id": products["beans"], "limit": 3}

    answered = start(settings)(ask, Context())

    own = shop.recommender.bought_together(products["beans"], limit=3)
    assert [one["product"]["id"] for one in answered["data"]] == [one.card.id for one in own.items]
    receipts = Receipts(shop.world.keys)
    assert receipts.read(answered["request_id"]).place_of(answered["data"][0]["product"]["id"]) is not None


def test_a_shopper_nobody_knows_gets_what_is_popular_and_is_told_so(
    shop: Shop, settings: Settings, start: Start
) -> None:
    stock_up(shop)

    answered = start(settings)({"customer_id": "cus_nobody", "limit": 4}, Context())

    assert len(answered["data"]) == 4
    assert answered["fallback"] is not None


def test_a_shop_without_a_model_or_a_product_gives_a_list_all_the_same(
    settings: Settings, shop: Shop, start: Start
) -> None:
    assert start(settings)({}, Context())["data"] == []


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "home",
        {"Records": []},
        {"customer": "cus_1"},
        {"limit": 0},
        {"limit": "12"},
        {"limit": 10**9},
        {"placement": "nowhere"},
        {"placement": "similar"},
        {"customer_id": ""},
        {"customer_id": "x" * 81},
        {"viewed": ["p"] * 101},
        {"in_cart": "prod_1"},
    ],
)
def test_what_is_no_ask_is_refused_with_a_reason(event: Any, unopened: Handler) -> None:
    with pytest.raises(InvalidError) as refusal:
        unopened(event, Context())

    assert str(refusal.value)


def test_a_function_without_credentials_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    settings = Settings.from_env(
        {
            "BODEGA_CLOUD": "aws",
            "BODEGA_AWS_REGION": "eu-west-1",
            "BODEGA_AWS_STAGE": "none",
            "BODEGA_AWS_BUCKET": "none",
            "BODEGA_AWS_KMS_KEY": "none",
        }
    )

    with pytest.raises(UnavailableError, match="AWS_ACCESS_KEY_ID"):
        recommend.opened(settings)
