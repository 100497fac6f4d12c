"""Serve the shop from EC2: a private load balancer, and instances that come and go with the requests."""

from pathlib import Path

from aws_cdk import Aws, CfnOutput, CfnParameter, Duration, Fn, Stack
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra.buckets import log_bucket
from infra.cache import PORT as CACHE_PORT
from infra.cache import Cache
from infra.data import DataStack
from infra.directory import Directory
from infra.functions import NOT_BUILT, FunctionsStack
from infra.jobs import JOBS
from infra.log_groups import make_log_group
from infra.network import Network
from infra.permissions import allowing, statements
from infra.stage import Stage

APP_PORT = 8000
_REQUESTS_A_MINUTE = 6000  # of one instance: a third of what one serves, so that there is time to start another
_LEAST, _MOST = 2, 10
_WARM = Duration.minutes(3)
_DRAIN = Duration.seconds(30)
_USER_DATA = Path(__file__).parent / "instance.sh"


class FleetStack(Stack):
    """The app on EC2. Nobody signs in to an instance by SSH: Systems Manager opens sessions, and notes them.

    Parameters that are known only later: `PublicUrl`; `CloudFrontAddresses`, the id of the region's list of
    CloudFront's addresses, which alone may reach the load balancer.
    """

    def __init__(self, scope: Construct, *, stage: Stage, data: DataStack, functions: FunctionsStack) -> None:
        super().__init__(scope, "App", stack_name=stage.named("app"), description="Bodega: the shop on EC2")
        self._stage = stage
        self._public_url = CfnParameter(self, "PublicUrl", default="", description="Where people find the shop")
        self._addresses = CfnParameter(
            self,
            "CloudFrontAddresses",
            allowed_pattern=r"pl-[0-9a-f]{8,17}",
            description="The managed prefix list com.amazonaws.global.cloudfront.origin-facing of this region",
        )
        self._network = Network(self, stage=stage)
        self.vpc = self._network.vpc
        self.cache = Cache(self, stage=stage, vpc=self.vpc, key=data.shop_key)
        self.balancer = self._balancer()
        self.instances = ec2.SecurityGroup(
            self,
            "instances",
            vpc=self.vpc,
            description="Instances that serve the shop",
            allow_all_outbound=False,
        )
        self.instances.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "to AWS, and to whom we pay")
        self._connect()
        self.logs = make_log_group(self, "machines-logs", f"/bodega/{stage.name}/machines")
        role = self._role(data, functions)
        self.group = self._group(role, self._user_data(data, role))
        self.targets = self._serve()
        Directory(
            self,
            stage=stage,
            addresses={
                "http": f"http://{self.balancer.load_balancer_dns_name}",
                "cache": f"rediss://{self.cache.address}",
            },
        )
        CfnOutput(self, "BalancerArn", value=self.balancer.load_balancer_arn)
        CfnOutput(self, "GroupName", value=self.group.auto_scaling_group_name)

    def _balancer(self) -> elb.ApplicationLoadBalancer:
        group = ec2.SecurityGroup(
            self, "balancer-group", vpc=self.vpc, description="CloudFront, and nobody else", allow_all_outbound=False
        )
        group.add_ingress_rule(ec2.Peer.prefix_list(self._addresses.value_as_string), ec2.Port.tcp(80), "CloudFront")
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            load_balancer_name=self._stage.named("app"),
            vpc=self.vpc,
            internet_facing=False,
            security_group=group,
            drop_invalid_header_fields=True,
        )
        asked = log_bucket(self, self._stage)
        asked.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[asked.arn_for_objects(f"balancer/AWSLogs/{Aws.ACCOUNT_ID}/*")],
            )
        )
        balancer.set_attribute("access_logs.s3.enabled", "true")
        balancer.set_attribute("access_logs.s3.bucket", asked.bucket_name)
        balancer.set_attribute("access_logs.s3.prefix", "balancer")
        if asked.policy is not None:
            balancer.node.add_dependency(asked.policy)
        return balancer

    def _connect(self) -> None:
        balancer = self.balancer.connections
        balancer.allow_to(self.instances, ec2.Port.tcp(APP_PORT), "requests")
        self.cache.security_group.add_ingress_rule(self.instances, ec2.Port.tcp(CACHE_PORT), "the shop's instances")
        self.instances.add_egress_rule(self.cache.security_group, ec2.Port.tcp(CACHE_PORT), "Valkey")

    def _role(self, data: DataStack, functions: FunctionsStack) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            role_name=f"{self._stage.named('app')}-{Aws.REGION}",
            description="What the shop's instances may do",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AmazonSSMManagedInstanceCore")],
        )
        self._network.let_sessions_through(role.role_arn)
        for statement in (
            *statements(JOBS["http"].needs, data, functions.queues.arns, functions.bus.event_bus_arn),
            allowing("Cache", ["secretsmanager:GetSecretValue"], [self.cache.token.secret_arn]),
            allowing("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [self.logs.log_group_arn]),
        ):
            self._let(role, statement)
        return role

    def _let(self, role: iam.Role, statement: iam.PolicyStatement) -> None:
        """Allow machines something, and open the network's way to it."""
        role.add_to_policy(statement)
        self._network.let_through(statement)

    def _user_data(self, data: DataStack, role: iam.Role) -> ec2.UserData:
        built = self._stage.packages / "app.zip"
        package = NOT_BUILT
        if built.is_file():
            asset = assets.Asset(self, "Package", path=str(built))
            # CDK's own grant would be for all packages there are.
            fetched = asset.bucket.arn_for_objects(asset.s3_object_key)
            self._let(role, allowing("Package", ["s3:GetObject"], [fetched]))
            package = asset.s3_object_url
        told = {**self._stage.shop_settings, **self._stage.secret_settings}
        values = {
            "PACKAGE": package,
            "PYTHON": self._stage.python,
            "PORT": str(APP_PORT),
            "CACHE": self.cache.address,
            "CACHE_TOKEN": self.cache.token_name,
            "LOGS": self.logs.log_group_name,
            "REGION": Aws.REGION,
            "STAGE": self._stage.name,
            "BUCKET": data.objects.bucket_name,
            "KEY": data.personal_key.key_arn,
            "PUBLIC_URL": self._public_url.value_as_string,
            "SETTINGS": "\n".join(f"{name}={_quoted(value)}" for name, value in told.items()),
        }
        return ec2.UserData.custom(Fn.sub(_USER_DATA.read_text(), values))

    def _group(self, role: iam.Role, user_data: ec2.UserData) -> autoscaling.AutoScalingGroup:
        arm = self._stage.architecture == "arm64"
        template = ec2.LaunchTemplate(
            self,
            "Template",
            launch_template_name=self._stage.named("app"),
            instance_type=ec2.InstanceType("t4g.small" if arm else "t3.small"),
            # Looked up at each launch: an instance refresh brings the newest patches.
            machine_image=ec2.MachineImage.resolve_ssm_parameter_at_launch(
                f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{self._stage.architecture}"
            ),
            role=role,
            security_group=self.instances,
            user_data=user_data,
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            detailed_monitoring=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        20, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, delete_on_termination=True
                    ),
                )
            ],
        )
        return autoscaling.AutoScalingGroup(
            self,
            "Group",
            auto_scaling_group_name=self._stage.named("app"),
            vpc=self.vpc,
            launch_template=template,
            min_capacity=_LEAST,
            max_capacity=_MOST,
            # By itself a group replaces only instances that EC2 holds to be broken, and not those that do not answer.
            health_checks=autoscaling.HealthChecks.with_additional_checks(
                additional_types=[autoscaling.AdditionalHealthCheckType.ELB], grace_period=_WARM
            ),
            default_instance_warmup=_WARM,
            group_metrics=[autoscaling.GroupMetrics.all()],
            termination_policies=[
                autoscaling.TerminationPolicy.OLDEST_LAUNCH_TEMPLATE,
                autoscaling.TerminationPolicy.DEFAULT,
            ],
        )

    def _serve(self) -> elb.ApplicationTargetGroup:
        targets = elb.ApplicationTargetGroup(
            self,
            "Targets",
            target_group_name=self._stage.named("app"),
            vpc=self.vpc,
            port=APP_PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[self.group],
            deregistration_delay=_DRAIN,
            load_balancing_algorithm_type=elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
            health_check=elb.HealthCheck(
                path="/health/ready",
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        self.balancer.add_listener(
            "Listener",
            port=80,
            protocol=elb.ApplicationProtocol.HTTP,
            open=False,
            default_target_groups=[targets],
        )
        self.group.scale_on_request_count("requests", target_requests_per_minute=_REQUESTS_A_MINUTE)
        return targets


def _quoted(value: str) -> str:
    """Return a value as systemd reads it back from a file of environment variables: `man 5 systemd.exec`."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
