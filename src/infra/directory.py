"""Say in Cloud Map where a shop's services answer, for programs that look them up by name (`ports/discovery.py`)."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from aws_cdk import aws_servicediscovery as cloudmap
from constructs import Construct

from bodega import schema
from infra.stage import Stage


class Directory(Construct):
    """A namespace called after the stage, without a network: it is asked by API, from wherever one may.

    Nothing in the shop looks its own services up. Whoever does, a program beside the shop or a person, is given the
    managed policy, which allows that and nothing else.
    """

    def __init__(self, scope: Construct, *, stage: Stage, addresses: Mapping[str, str]) -> None:
        """Take the address (URL) of each service."""
        super().__init__(scope, "Directory")
        namespace = cloudmap.CfnHttpNamespace(
            self,
            "Namespace",
            name=schema.namespace(stage.name),
            description=f"Where services of the shop {stage.name} answer",
        )
        services = [self._register(namespace, name, address) for name, address in addresses.items()]
        iam.ManagedPolicy(
            self,
            "Lookup",
            managed_policy_name=stage.named("lookup"),
            description=f"Look up where services of the shop {stage.name} answer",
            statements=[
                iam.PolicyStatement(
                    sid="Lookup",
                    actions=["servicediscovery:DiscoverInstances"],
                    resources=[namespace.attr_arn, *(service.attr_arn for service in services)],
                )
            ],
        )

    def _register(self, namespace: cloudmap.CfnHttpNamespace, name: str, address: str) -> cloudmap.CfnService:
        service = cloudmap.CfnService(
            self,
            f"{name}-service",
            name=name,
            namespace_id=namespace.attr_id,
            # Without one, an instance is neither well nor unwell; with it, it is well until somebody says otherwise.
            health_check_custom_config=cloudmap.CfnService.HealthCheckCustomConfigProperty(failure_threshold=1),
        )
        cloudmap.CfnInstance(
            self,
            f"{name}-instance",
            service_id=service.attr_id,
            instance_id=name,
            instance_attributes={schema.ADDRESS: address},
        )
        return service
