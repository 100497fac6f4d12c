"""Lay out the network that a fleet lives in: private, in two zones, with ways to the services it uses."""

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.log_groups import make_log_group
from infra.stage import Stage

# What the fleet asks beside S3 and DynamoDB, whose gateways cost nothing; by the names that policies call services.
_ASKED = {
    "sqs": ec2.InterfaceVpcEndpointAwsService.SQS,
    "kms": ec2.InterfaceVpcEndpointAwsService.KMS,
    "secretsmanager": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    "ssm": ec2.InterfaceVpcEndpointAwsService.SSM,
    "ssmmessages": ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
    "logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
}
# What Systems Manager's program on a machine asks: AWS's policy AmazonSSMManagedInstanceCore, which its role has.
_SESSIONS = {
    "ssm": (
        "DescribeAssociation", "DescribeDocument", "GetDeployablePatchSnapshotForInstance", "GetDocument",
        "GetManifest", "GetParameter", "GetParameters", "ListAssociations", "ListInstanceAssociations",
        "PutComplianceItems", "PutConfigurePackageResult", "PutInventory", "UpdateAssociationStatus",
        "UpdateInstanceAssociationStatus", "UpdateInstanceInformation",
    ),
    "ssmmessages": ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"),
}  # fmt: skip
# Packages of Amazon Linux 2023, in the bucket that its own list of repositories names, and the program that opens
# sessions: https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-minimum-s3-permissions.html.
_PACKAGES = (f"al2023-repos-{Aws.REGION}-de612dc2", f"amazon-ssm-{Aws.REGION}")
_THIS_ACCOUNT = {"aws:PrincipalAccount": Aws.ACCOUNT_ID}
_FREE = {"s3": ec2.GatewayVpcEndpointAwsService.S3, "dynamodb": ec2.GatewayVpcEndpointAwsService.DYNAMODB}
_ZONES = 2
_CIDR = "10.20.0.0/16"


class Network(Construct):
    """A VPC. Without `internet` nothing in it reaches beyond AWS; with it, one NAT gateway serves.

    Each way to a service of AWS lets through what was said by `let_through`, and nothing else: whoever gets hold of a
    machine carries nothing off to an account of their own.
    """

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "Network")
        private = ec2.SubnetType.PRIVATE_WITH_EGRESS if stage.internet else ec2.SubnetType.PRIVATE_ISOLATED
        subnets = [ec2.SubnetConfiguration(name="fleet", subnet_type=private, cidr_mask=20)]
        if stage.internet:
            public = ec2.SubnetType.PUBLIC
            subnets.append(
                ec2.SubnetConfiguration(name="nat", subnet_type=public, cidr_mask=26, map_public_ip_on_launch=False)
            )
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=stage.named("network"),
            ip_addresses=ec2.IpAddresses.cidr(_CIDR),
            max_azs=_ZONES,
            nat_gateways=1 if stage.internet else 0,
            subnet_configuration=subnets,
        )
        self._ways: dict[str, ec2.GatewayVpcEndpoint | ec2.InterfaceVpcEndpoint] = {}
        self._internet = stage.internet
        if not stage.internet:
            self._let_cloudfront_in()
            self._open_endpoints()
        for name, service in _FREE.items():
            self._ways[name] = self.vpc.add_gateway_endpoint(name, service=service)
        self._let_packages_through()
        self.vpc.add_flow_log(
            "rejected",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                make_log_group(self, "flows", f"/bodega/{stage.name}/network-{Aws.REGION}")
            ),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )

    def _let_cloudfront_in(self) -> None:
        """Give the VPC a gateway without a route, as CloudFront demands of VPCs with private load balancers."""
        gateway = ec2.CfnInternetGateway(self, "Gateway")
        ec2.CfnVPCGatewayAttachment(
            self, "GatewayAttachment", vpc_id=self.vpc.vpc_id, internet_gateway_id=gateway.attr_internet_gateway_id
        )

    def _open_endpoints(self) -> None:
        group = ec2.SecurityGroup(
            self,
            "endpoints",
            vpc=self.vpc,
            description="Services of AWS, asked from within",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(ec2.Peer.ipv4(_CIDR), ec2.Port.tcp(443), "from within")
        for name, service in _ASKED.items():
            self._ways[name] = self.vpc.add_interface_endpoint(
                name, service=service, security_groups=[group], open=False
            )

    def let_through(self, statement: iam.PolicyStatement) -> None:
        """Let whoever is of this account ask from here what a statement of a policy allows: of one service."""
        if "kms:ViaService" in statement.conditions.get("StringEquals", {}):
            return  # another service of AWS asks, from where it is itself
        conditions = statement.conditions
        mine = {**conditions, "StringEquals": {**conditions.get("StringEquals", {}), **_THIS_ACCOUNT}}
        [service] = {action.partition(":")[0] for action in statement.actions}
        self._add(service, statement.copy(principals=[iam.StarPrincipal()], conditions=mine))

    def let_sessions_through(self, role_arn: str) -> None:
        """Let machines that have a role be reached by Systems Manager, whose resources belong to no stage."""
        for service, names in _SESSIONS.items():
            self.let_through(
                iam.PolicyStatement(
                    sid="Sessions",
                    actions=[f"{service}:{name}" for name in names],
                    resources=["*"],
                    conditions={"ArnEquals": {"aws:PrincipalArn": role_arn}},
                )
            )

    def _let_packages_through(self) -> None:
        self._add(
            "s3",
            iam.PolicyStatement(
                sid="PackagesOfAmazonLinux",
                principals=[iam.StarPrincipal()],
                actions=["s3:GetObject"],
                resources=[f"arn:{Aws.PARTITION}:s3:::{bucket}/*" for bucket in _PACKAGES],
            ),
        )

    def _add(self, service: str, statement: iam.PolicyStatement) -> None:
        way = self._ways.get(service)
        if way is not None:
            way.add_to_policy(statement)
        elif not self._internet:
            raise AssertionError(f"machines have no way to {service}")
