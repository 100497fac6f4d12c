"""What the shop can be told, held against what a deployment tells it: no setting may fall between the two."""

import re
from typing import get_type_hints

from synthesis import flat

from bodega.settings import PREFIX, Secret, Settings
from infra.stage import CONFIDENTIAL, Stage

KNOWN = {f"{PREFIX}{name.upper()}" for name in Settings.__struct_fields__}
# What a deployment does not say, and why whoever deploys may not either.
OF_OTHER_PLACES = {
    "BODEGA_HOST": "the unit of a machine names it, and functions have none",
    "BODEGA_PORT": "as above",
    "BODEGA_WORKERS": "a machine has one for each core, a function one",
    "BODEGA_SERVER": "the unit of a machine names it",
    "BODEGA_TLS_CERTIFICATE": "CloudFront has the certificate",
    "BODEGA_TLS_KEY": "as above",
    "BODEGA_MQTT_URL": "IoT Core is the broker, and its rule listens",
    "BODEGA_MQTT_AUTHORITIES": "as above",
    "BODEGA_MQTT_CERTIFICATE": "as above",
    "BODEGA_MQTT_KEY": "as above",
}
# What only one of the two places is told, and why.
OF_MACHINES = {
    "BODEGA_DATA_DIR": "a function finds the one folder that it may write to by itself",
    "BODEGA_LOG_FORMAT": "Lambda writes JSON by itself",
    "BODEGA_PROXIES": "API Gateway says who asks apart from the headers",
    "BODEGA_REDIS_URL": "functions are outside the network that Valkey is in",
}
OF_FUNCTIONS = {"BODEGA_AWS_ENDPOINT": "machines are AWS's"}
OF_A_SENDER = {"BODEGA_MAIL_BY_SES", "BODEGA_MAIL_FROM"}


def told_to_functions(shape):
    functions = [f for f in shape.properties("AWS::Lambda::Function") if f["Handler"].startswith("bodega.")]
    told = [{name for name in f["Environment"]["Variables"] if name.startswith(PREFIX)} for f in functions]
    assert all(names == told[0] for names in told)
    return told[0]


def told_to_machines(shape):
    [template] = shape.properties("AWS::EC2::LaunchTemplate")
    return set(re.findall(r"(BODEGA_[A-Z_]+)=", flat(template["LaunchTemplateData"]["UserData"])))


def said_by_whoever_deploys(shape):
    """Return what the trial stages set, which is theirs to choose."""
    return {"small": OF_A_SENDER, "large": {"BODEGA_CURRENCY", "BODEGA_MAIL_FROM"}}[shape.folder.name]


def test_whatever_the_shop_shows_to_nobody_can_be_kept_in_the_secret():
    shown_to_nobody = {f"{PREFIX}{name.upper()}" for name, kind in get_type_hints(Settings).items() if kind is Secret}

    assert {name for name in shown_to_nobody if Stage.may_be_set(name)} == CONFIDENTIAL


def test_nothing_is_told_that_the_shop_does_not_read(serverless, fleet):
    assert told_to_functions(serverless) | told_to_functions(fleet) | told_to_machines(fleet) <= KNOWN


def test_every_setting_is_told_by_the_deployment_or_is_for_whoever_deploys(serverless, fleet):
    told = told_to_functions(serverless) | told_to_machines(fleet)
    told -= said_by_whoever_deploys(fleet) | {"BODEGA_MAIL_FROM"}  # which is also a mail server's
    choosable = {name for name in KNOWN if Stage.may_be_set(name)}

    assert told | choosable | set(OF_OTHER_PLACES) == KNOWN
    assert told & choosable == set()
    assert set(OF_OTHER_PLACES) & (told | choosable) == set()


def test_machines_are_told_what_functions_are_but_for_what_differs(fleet):
    functions = told_to_functions(fleet) - said_by_whoever_deploys(fleet)
    machines = told_to_machines(fleet) - said_by_whoever_deploys(fleet)

    assert functions - machines == set(OF_FUNCTIONS)
    assert machines - functions == set(OF_MACHINES)
