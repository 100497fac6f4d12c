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
        ({"architecture": "sparc"}, "arm64"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(context, said):
    with pytest.raises(StageError, match=said):
        Stage.from_context(context)


def test_a_described_stage_is_read():
    stage = Stage.from_context({"name": "prod", "shape": "fleet", "keep_data": "false", "monthly_budget": "200"})

    assert stage == Stage("prod", shape="fleet", keep_data=False, monthly_budget=200)
