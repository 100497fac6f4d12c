"""Keep what is quickly made again in Valkey, where the fleet's instances share it.

Lambda does without: in the network it would need a way out of it, and the shop is correct without a cache.
"""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.stage import Stage

PORT = 6380


class Cache(Construct):
    """Two nodes of Valkey, one for each zone, under TLS and a token that is a secret."""

    def __init__(self, scope: Construct, *, stage: Stage, vpc: ec2.IVpc, key: kms.IKey) -> None:
        super().__init__(scope, "Cache")
        self.security_group = ec2.SecurityGroup(
            self, "group", vpc=vpc, description="Valkey, asked by the fleet", allow_all_outbound=False
        )
        self.token_name = f"bodega/{stage.name}/cache"
        self.token = secretsmanager.Secret(
            self,
            "Token",
            secret_name=self.token_name,
            description="What the fleet signs in to Valkey with",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
        )
        subnets = elasticache.CfnSubnetGroup(
            self,
            "subnets",
            cache_subnet_group_name=stage.named("cache"),
            description="Where Valkey is",
            subnet_ids=[subnet.subnet_id for subnet in vpc.private_subnets or vpc.isolated_subnets],
        )
        self._group = elasticache.CfnReplicationGroup(
            self,
            "Valkey",
            replication_group_id=stage.named("cache"),
            replication_group_description="Bodega: what is quickly made again",
            engine="valkey",
            engine_version="8.0",
            cache_node_type="cache.t4g.micro",
            num_cache_clusters=2,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            at_rest_encryption_enabled=True,
            kms_key_id=key.key_id,
            transit_encryption_enabled=True,
            auth_token=self.token.secret_value.unsafe_unwrap(),  # resolved by CloudFormation, not in the template
            port=PORT,
            security_group_ids=[self.security_group.security_group_id],
            cache_subnet_group_name=subnets.ref,
        )

    @property
    def address(self) -> str:
        """Return host and port."""
        return f"{self._group.attr_primary_end_point_address}:{PORT}"
