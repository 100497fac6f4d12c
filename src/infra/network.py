"""Lay out the network that a fleet lives in: private, in two zones, with ways to the services it uses."""

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.log_groups import make_log_group
from infra.stage import Stage

# What the fleet asks beside S3 and DynamoDB, whose gateways cost nothing.
_ASKED = {
    "sqs": ec2.InterfaceVpcEndpointAwsService.SQS,
    "kms": ec2.InterfaceVpcEndpointAwsService.KMS,
    "secrets": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    "ssm": ec2.InterfaceVpcEndpointAwsService.SSM,
    "ssmmessages": ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
    "logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
}
_ZONES = 2
_CIDR = "10.20.0.0/16"


class Network(Construct):
    """A VPC. Without `internet` nothing in it reaches beyond AWS; with it, one NAT gateway serves."""

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
        if not stage.internet:
            self._let_cloudfront_in()
            self._open_endpoints()
        self.vpc.add_gateway_endpoint("s3", service=ec2.GatewayVpcEndpointAwsService.S3)
        self.vpc.add_gateway_endpoint("dynamodb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
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
            self.vpc.add_interface_endpoint(name, service=service, security_groups=[group], open=False)
