"""A server that is told to stop finishes what it has begun: there is no order of which nobody was told."""

import random
import time

import pytest
from audit import check_books, for_sale, shop_in
from processes import wait_until
from shoppers import Diary, Shopper

LEVELS = {f"SKU-{number}": 1_000_000 for number in range(4)}
SHOPPERS = 8


@pytest.mark.parametrize("server", ["granian", "uvicorn"])
@pytest.mark.parametrize("rounds", [1, pytest.param(30, marks=pytest.mark.slow)])
def test_no_order_is_placed_of_which_its_shopper_is_not_told(start, tmp_path, server, rounds):
    chance, diary = random.Random(rounds), Diary()
    with shop_in(tmp_path / "data") as shop:
        for_sale(shop, LEVELS)
    for _ in range(rounds):
        up = start("--empty", "--workers", "2", BODEGA_SERVER=server).opened()
        # None of them asks twice, so that an answer which is lost stays lost.
        shoppers = [
            Shopper([f"http://127.0.0.1:{up.port}"], diary, random.Random(number), sorted(LEVELS), patient=0)
            for number in range(SHOPPERS)
        ]
        before = len(diary.acknowledged())
        for shopper in shoppers:
            shopper.start()
        wait_until(lambda before=before: len(diary.acknowledged()) > before + 20, what="a busy shop")
        time.sleep(chance.random() * 0.2)
        assert up.terminate() == 0
        for shopper in shoppers:
            shopper.give_up()
        for shopper in shoppers:
            shopper.join()

    orders = check_books(tmp_path / "data", diary, LEVELS)

    told = {wish.checkout_id for wish in diary.acknowledged()}
    assert {order.paid.checkout_id for order in orders} == told
