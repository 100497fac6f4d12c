"""Settings that a stage keeps in a secret: read when something starts, and told to nobody else."""

import json
from uuid import uuid4

import pytest
from engines import REGION, aws_client, ministack

from bodega.errors import UnavailableError
from bodega.settings import Settings
from bodega.wiring.confidential import revealed, withheld

SMTP = "smtps://shop:p4ssword@mail.example"
PUBLIC = {"BODEGA_MAIL_FROM": "shop@example.com", "BODEGA_PUBLIC_URL": "https://shop.example.com"}


@pytest.fixture
def started(monkeypatch):
    """Return what something of a stage is started with, whose mail server is in its secret; put `text` there."""

    def started(text=None):
        stage = f"s{uuid4().hex[:8]}"
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        if text is not None:
            secrets = aws_client("secretsmanager", ministack())
            secrets.create_secret(Name=f"bodega/{stage}/settings", SecretString=text)
        return PUBLIC | {
            "BODEGA_CLOUD": "aws",
            "BODEGA_AWS_REGION": REGION,
            "BODEGA_AWS_STAGE": stage,
            "BODEGA_AWS_BUCKET": "objects",
            "BODEGA_AWS_KMS_KEY": "key",
            "BODEGA_AWS_ENDPOINT": ministack(),
            "SECRET_SETTINGS": "BODEGA_SMTP_URL",
        }

    return started


def test_what_is_named_is_read_and_nothing_else_that_the_secret_has(started):
    told = started(json.dumps({"BODEGA_SMTP_URL": SMTP, "BODEGA_AWS_BUCKET": "somebody else's", "note": "ours"}))

    settings = Settings.from_env(revealed(told))

    assert settings.smtp_url == SMTP
    assert settings.aws_bucket == "objects"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "settings is missing"),
        ("{}", "has no BODEGA_SMTP_URL"),
        (SMTP, "no JSON object of texts"),
        (json.dumps([SMTP]), "no JSON object of texts"),
        (json.dumps({"BODEGA_SMTP_URL": {"p4ssword": 1}}), "no JSON object of texts"),
    ],
    ids=["absent", "empty", "bare", "list", "nested"],
)
def test_a_secret_that_cannot_be_meant_is_told_of_in_one_line_that_shows_nothing_of_it(started, text, said):
    with pytest.raises(UnavailableError, match=said) as refused:
        revealed(started(text))

    assert "p4ssword" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert len(str(refused.value).splitlines()) == 1


def test_who_is_not_told_knows_that_the_shop_has_it():
    told = {"BODEGA_PAYMENTS": "stripe", "BODEGA_PUBLIC_URL": "https://shop.example.com",
            "SECRET_SETTINGS": "BODEGA_STRIPE_SECRET_KEY,BODEGA_STRIPE_WEBHOOK_SECRETS"}  # fmt: skip

    settings = Settings.from_env(told, withheld=withheld(told))

    assert settings.payments == "stripe"
    assert settings.stripe_secret_key == ""


def test_a_stage_without_secrets_asks_nobody():
    told = {"BODEGA_AWS_ENDPOINT": "http://127.0.0.1:9"}

    assert revealed(told) is told
