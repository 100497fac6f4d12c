from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.errors import InvalidError
from bodega.settings import Secret, Settings, to_env

PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30).map(Path)
SETTINGS = st.builds(
    Settings,
    data_dir=PATHS,
    host=st.sampled_from(["127.0.0.1", "::", "localhost"]),
    port=st.integers(0, 65535),
    workers=st.integers(1, 64),
    server=st.sampled_from(["granian", "uvicorn"]),
    currency=st.sampled_from(["GBP", "JPY"]),
    public_url=st.sampled_from(["", "https://shop.example", "http://localhost:8000/shop/"]),
    log_level=st.sampled_from(["debug", "error"]),
    log_format=st.sampled_from(["text", "json"]),
    access_log=st.booleans(),
    admin_requests_per_minute=st.integers(1, 10**9),
    capture=st.sampled_from(["at_once", "by_staff"]),
    stripe_secret_key=st.sampled_from(["", "sk_test_1"]).map(Secret),
)


@given(settings=SETTINGS, tls=st.none() | st.tuples(PATHS, PATHS))
def test_settings_read_back_from_the_environment_they_were_written_to(settings, tls):
    if tls is not None:
        settings = Settings(
            **{name: getattr(settings, name) for name in settings.__struct_fields__}
            | {"tls_certificate": tls[0], "tls_key": tls[1]}
        )

    assert Settings.from_env(to_env(settings)) == settings


def test_an_empty_environment_gives_the_defaults_and_other_programs_variables_are_left_alone():
    assert Settings.from_env({"PATH": "/bin", "bodega_port": "x"}) == Settings()


BAD = {
    "BODEGA_DATA_DIR": "",
    "BODEGA_HOST": " ",
    "BODEGA_PORT": "00000000000099999999",
    "BODEGA_WORKERS": "0",
    "BODEGA_SERVER": "apache",
    "BODEGA_CURRENCY": "pounds",
    "BODEGA_PUBLIC_URL": "javascript:alert(1)",
    "BODEGA_LOG_LEVEL": "loud",
    "BODEGA_ACCESS_LOG": "maybe",
    "BODEGA_TLS_KEY": "",
    "BODEGA_ADMIN_REQUESTS_PER_MINUTE": "٣",
    "BODEGA_PAYMENTS": "cash",
    "BODEGA_CAPTURE": "never",
    "BODEGA_STRIPE_SECRET_KEY": "a b",
    "BODEGA_NONSENSE": "1",
}


def test_every_bad_variable_is_reported_at_once_with_its_name():
    with pytest.raises(InvalidError) as refused:
        Settings.from_env(BAD)

    assert all(name in refused.value.message for name in BAD)
    assert "BODEGA_TLS_CERTIFICATE" in refused.value.message
    assert len(refused.value.faults) == len(BAD) + 1


@pytest.mark.parametrize("name", BAD)
def test_each_bad_variable_is_refused_alone(name):
    with pytest.raises(InvalidError):
        Settings.from_env({name: BAD[name]})


@pytest.mark.parametrize("port", ["-1", "65536", "1e3", "1_0", " 80", "", "8" * 5000])
def test_a_port_is_a_plain_number_in_range(port):
    with pytest.raises(InvalidError):
        Settings.from_env({"BODEGA_PORT": port})


def test_real_payments_need_all_that_belongs_to_them():
    with pytest.raises(InvalidError) as refused:
        Settings.from_env({"BODEGA_PAYMENTS": "stripe", "BODEGA_STRIPE_SECRET_KEY": "sk_test_1"})

    assert [fault.pointer for fault in refused.value.faults] == ["/stripe_webhook_secrets", "/public_url"]


def test_a_secret_is_shown_to_nobody():
    env = {"BODEGA_STRIPE_SECRET_KEY": "sk_live_51H", "BODEGA_STRIPE_WEBHOOK_SECRETS": "whsec_1"}

    assert "sk_live" not in repr(Settings.from_env(env))
    with pytest.raises(InvalidError) as refused:
        Settings.from_env(env | {"BODEGA_STRIPE_SECRET_KEY": "sk_live_51H with a blank"})
    assert "sk_live" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["broker.example", "http://broker.example", "mqtt://broker.example", "mqtts://", "mqtts://a:b@x", "mqtts://x/y"],
)
def test_a_broker_elsewhere_is_reached_by_tls_only_and_without_a_password(url):
    with pytest.raises(InvalidError, match="BODEGA_MQTT_URL"):
        Settings.from_env({"BODEGA_MQTT_URL": url})

    assert Settings.from_env({"BODEGA_MQTT_URL": "mqtt://127.0.0.1:1884"}).mqtt_url == "mqtt://127.0.0.1:1884"
    assert Settings.from_env({"BODEGA_MQTT_URL": "mqtts://broker.example"}).mqtt_url == "mqtts://broker.example"


def test_letters_by_ses_need_a_shop_on_aws_a_sender_and_where_links_lead_and_no_mail_server():
    with pytest.raises(InvalidError) as refusal:
        Settings.from_env({"BODEGA_MAIL_BY_SES": "true", "BODEGA_SMTP_URL": "smtp://127.0.0.1"})

    assert [fault.pointer for fault in refusal.value.faults] == [
        "/mail_from",
        "/public_url",
        "/mail_by_ses",
        "/mail_by_ses",
    ]
    assert not Settings.from_env({"BODEGA_MAIL_BY_SES": "false"}).mail_by_ses
