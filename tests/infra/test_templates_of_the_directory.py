"""Where services of a deployed shop answer, and who may look that up."""

from synthesis import flat

from bodega import schema


def registered(shape):
    """Return the address of each service, by its name."""
    services = {logical: row["Name"] for _, logical, row, _ in shape.resources("AWS::ServiceDiscovery::Service")}
    return {
        services[row["ServiceId"]["Fn::GetAtt"][0]]: flat(row["InstanceAttributes"][schema.ADDRESS])
        for row in shape.properties("AWS::ServiceDiscovery::Instance")
    }


def test_the_namespace_is_the_one_that_the_shop_asks_in(shape):
    [namespace] = shape.properties("AWS::ServiceDiscovery::HttpNamespace")

    assert namespace["Name"] == schema.namespace(shape.folder.name)


def test_a_shop_of_functions_registers_its_api_and_a_fleet_its_balancer_and_cache(serverless, fleet):
    assert set(registered(serverless)) == {"http"}
    assert "execute-api" in registered(serverless)["http"]
    assert set(registered(fleet)) == {"http", "cache"}
    assert "DNSName" in registered(fleet)["http"]
    assert registered(fleet)["cache"].count("rediss://") == 1


def test_what_is_registered_is_well_until_somebody_says_otherwise(shape):
    assert all("HealthCheckCustomConfig" in row for row in shape.properties("AWS::ServiceDiscovery::Service"))


def test_one_policy_allows_looking_up_these_services_and_no_function_has_more(shape):
    allowing = [
        (name, statement) for name, statement in shape.statements if "servicediscovery" in flat(statement["Action"])
    ]

    [(name, statement)] = allowing
    assert name.startswith("DirectoryLookup")
    assert statement["Action"] == "servicediscovery:DiscoverInstances"
    assert len(statement["Resource"]) == 1 + len(shape.properties("AWS::ServiceDiscovery::Service"))
    assert all("Arn" in flat(resource) for resource in statement["Resource"])
