"""What may be said about a stage, and what is refused before anything is made."""

import pytest

from infra.stage import Stage, StageError


def test_names_begin_with_the_stage():
    assert Stage("dev").named("orders") == "bodega-dev-orders"


@pytest.mark.parametrize("name", ["", "Dev", "9lives", "dev-1", "a" * 17, "dev\n", "dév", "../dev", "dev;rm"])
def test_a_name_that_could_not_be_part_of_every_name_is_refused(name):
    with pytest.raises(StageError, match="stage"):
        Stage(name)


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"shape": "cluster"}, "serverless, fleet"),
        ({"keep_data": "yes"}, "true or false"),
        ({"monthly_budget": "-1"}, "whole number"),
        ({"monthly_budget": "9" * 400}, "whole number"),
        ({"monthly_budget": "1000001"}, "1000000"),
        ({"colour": "red"}, "says nothing"),
        ({"domain": "shop.example.com"}, "needs its Route 53 zone"),
        ({"domain": "shop.example.com", "zone": "Z1", "certificate": "x"}, "one of the two"),
        ({"zone": "Z0123456789ABC"}, "without a domain"),
        ({"domain": "https://shop.example.com/", "zone": "Z1"}, "shop.example.com"),
        ({"domain": "shop.example.com", "certificate": "arn:aws:acm:eu-west-1:1:certificate/x"}, "us-east-1"),
        ({"alarm_email": "a@b@c"}, "one address"),
        ({"python": "2.7"}, "3.12"),
        ({"settings": {"PATH": "/"}}, "BODEGA_CURRENCY"),
        ({"settings": {"BODEGA_AWS_STAGE": "other"}}, "follows from the deployment"),
        ({"settings": {"BODEGA_CURRENCY": "EUR\nBODEGA_CLOUD=none"}}, "one line"),
        ({"secrets": ["BODEGA_REDIS_URL"]}, "follows from the deployment"),
        ({"secrets": ["BODEGA_CURRENCY"]}, "no secret"),
        ({"architecture": "sparc"}, "arm64"),
        ({"mail_from": "shop"}, "Shop <shop@example.com>"),
        ({"mail_from": "Shop <shop@localhost>"}, "Shop <shop@example.com>"),
        ({"mail_from": "a@example.com, b@example.com"}, "Shop <shop@example.com>"),
        ({"mail_from": "Shop <shop@example.com> or not"}, "Shop <shop@example.com>"),
        ({"mail_from": "Shop\n<shop@example.com>"}, "Shop <shop@example.com>"),
        ({"mail_from": "shop*@example.com"}, "Shop <shop@example.com>"),
        ({"mail_from": "shop@example.com", "mail_zone": "example.com"}, "Z0123456789ABC"),
        ({"mail_zone": "Z0123456789ABC"}, "of no use"),
        ({"mail_from": "shop@example.com", "secrets": ["BODEGA_SMTP_URL"]}, "otherwise"),
        ({"mail_from": "shop@example.com", "settings": {"BODEGA_MAIL_FROM": "x@example.com"}}, "otherwise"),
        ({"settings": {"BODEGA_MAIL_BY_SES": "true"}}, "follows from the deployment"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(context, said):
    with pytest.raises(StageError, match=said):
        Stage.from_context(context)


def test_a_described_stage_is_read():
    stage = Stage.from_context({"name": "prod", "shape": "fleet", "keep_data": "false", "monthly_budget": "200"})

    assert stage == Stage("prod", shape="fleet", keep_data=False, monthly_budget=200)


def test_without_a_zone_the_address_alone_is_verified_and_with_one_its_domain():
    alone = Stage("prod", mail_from="Shop & Sons <shop@example.com>").sender
    domain = Stage("prod", mail_from="shop@example.com", mail_zone="Z0123456789ABC").sender

    assert (alone.identity, alone.address) == ("shop@example.com", "shop@example.com")
    assert (domain.identity, domain.address) == ("example.com", "shop@example.com")


def test_a_sender_reaches_what_runs_and_nothing_of_ses_does_without_one():
    settings = {"BODEGA_CURRENCY": "EUR"}

    assert Stage("prod", settings=settings).shop_settings == settings
    assert Stage("prod", settings=settings, mail_from="shop@example.com").shop_settings == {
        "BODEGA_CURRENCY": "EUR",
        "BODEGA_MAIL_BY_SES": "true",
        "BODEGA_MAIL_FROM": "shop@example.com",
    }
