"""The story that a deployed shop is held to (tests/infra), told to the shop of a laptop word for word."""

from story import sells_and_takes_back


def test_the_laptop_s_shop_sells_and_takes_back(start):
    up = start("--empty").opened()

    sells_and_takes_back(up.client, {"authorization": f"Bearer {up.printed_key}"})
