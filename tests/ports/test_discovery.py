"""What everybody who knows where services are does: a map of the settings, and Cloud Map with API Gateway."""

from dataclasses import dataclass
from typing import Any
from zlib import crc32

import pytest
from botocore.config import Config
from engines import aws_client, ministack

from bodega import schema
from bodega.adapters.aws.discovery import AwsDiscovery
from bodega.adapters.local.discovery import StaticDiscovery
from bodega.cli.main import main
from bodega.errors import NotFoundError, UnavailableError
from bodega.ports.discovery import MAX_AGE_SECONDS

ADDRESSES = {"cache": ["rediss://10.0.0.7:6379"], "http": ["http://10.0.0.1:8000", "http://10.0.0.2:8000"]}
PLAIN = Config(inject_host_prefix=False)  # engines have one address for all their services


class Ticker:
    """Seconds that pass when a test says so."""

    seconds = 0.0

    def __call__(self):
        return self.seconds


@dataclass
class Town:
    """Services in Cloud Map, registered as instances do it."""

    discovery: AwsDiscovery
    cloud_map: Any
    ids: dict[str, str]
    ticker: Ticker


@pytest.fixture
def town(tmp_path):
    name = f"d{crc32(str(tmp_path).encode()):08x}"
    cloud_map = aws_client("servicediscovery", ministack(), config=PLAIN)
    cloud_map.create_http_namespace(Name=name)
    (namespace,) = [one["Id"] for one in cloud_map.list_namespaces()["Namespaces"] if one["Name"] == name]
    ids = {service: make_service(cloud_map, service, namespace) for service in ADDRESSES}
    for service, addresses in ADDRESSES.items():
        for number, address in enumerate(addresses):
            register(cloud_map, ids[service], f"i-{number}", address)
    ticker, gateway = Ticker(), aws_client("apigatewayv2", ministack())
    return Town(AwsDiscovery(cloud_map, gateway, namespace=name, prefix=f"{name}-", now=ticker), cloud_map, ids, ticker)


def make_service(cloud_map, name, namespace):
    made = cloud_map.create_service(Name=name, NamespaceId=namespace, HealthCheckCustomConfig={"FailureThreshold": 1})
    return made["Service"]["Id"]


def register(cloud_map, service, instance, address):
    scheme, _, place = address.partition("://")
    host, _, port = place.partition(":")
    attributes = {"AWS_INSTANCE_IPV4": host, "AWS_INSTANCE_PORT": port, "scheme": scheme}
    cloud_map.register_instance(ServiceId=service, InstanceId=instance, Attributes=attributes)


@pytest.fixture(params=["aws", "local"])
def discovery(request):
    return request.getfixturevalue("town").discovery if request.param == "aws" else StaticDiscovery(ADDRESSES)


def test_a_service_is_found_at_all_its_addresses(discovery):
    assert list(discovery.find("cache")) == ADDRESSES["cache"]
    assert sorted(discovery.find("http")) == ADDRESSES["http"]


@pytest.mark.parametrize("name", ["casher", "", "a/b", "x" * 500, "http\n"])
def test_a_service_that_nobody_registered_is_not_found(discovery, name):
    with pytest.raises(NotFoundError):
        discovery.find(name)


def test_the_command_prints_what_the_settings_say(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BODEGA_PUBLIC_URL", "https://shop.example")

    assert main(["where", "http", "--data", str(tmp_path / "shop")]) == 0
    assert capsys.readouterr().out == "https://shop.example\n"
    assert main(["where", "casher", "--data", str(tmp_path / "shop")]) == 1
    assert capsys.readouterr().err == "bodega where: no service 'casher'\n"


# -- on AWS


def test_instances_that_come_and_go_are_seen_within_ten_seconds(town):
    assert len(town.discovery.find("http")) == 2
    town.cloud_map.deregister_instance(ServiceId=town.ids["http"], InstanceId="i-0")
    register(town.cloud_map, town.ids["http"], "i-9", "http://10.0.0.9:8000")

    assert len(town.discovery.find("http")) == 2  # as it was
    town.ticker.seconds = MAX_AGE_SECONDS
    assert list(town.discovery.find("http")) == ["http://10.0.0.2:8000", "http://10.0.0.9:8000"]
    for instance in ("i-1", "i-9"):
        town.cloud_map.deregister_instance(ServiceId=town.ids["http"], InstanceId=instance)
    town.ticker.seconds = 2 * MAX_AGE_SECONDS
    assert list(town.discovery.find("http")) == []


def test_an_instance_that_is_not_well_is_left_out(town):
    town.cloud_map.update_instance_custom_health_status(
        ServiceId=town.ids["http"], InstanceId="i-0", Status="UNHEALTHY"
    )

    assert list(town.discovery.find("http")) == ["http://10.0.0.2:8000"]


def test_a_name_for_many_machines_is_found_as_the_url_that_a_stack_registered(town):
    address = "http://internal-shop.eu-west-1.elb.amazonaws.com"
    town.cloud_map.register_instance(
        ServiceId=town.ids["http"], InstanceId="http", Attributes={schema.ADDRESS: address}
    )

    assert address in town.discovery.find("http")


def test_what_was_known_stands_while_nobody_can_be_asked(town):
    known = town.discovery.find("cache")
    town.discovery._cloud_map = aws_client("servicediscovery", "http://127.0.0.1:9", config=PLAIN)
    town.ticker.seconds = 100 * MAX_AGE_SECONDS

    assert town.discovery.find("cache") == known
    with pytest.raises(UnavailableError, match="cannot be reached"):
        town.discovery.find("http")


def test_an_api_is_found_by_its_name_where_no_instances_are_registered(town):
    gateway = aws_client("apigatewayv2", ministack())
    made = gateway.create_api(Name=f"{town.discovery._prefix}api", ProtocolType="HTTP")
    for number in range(3):
        gateway.create_api(Name=f"other-{number}", ProtocolType="HTTP")

    assert list(town.discovery.find("api")) == [made["ApiEndpoint"]]
