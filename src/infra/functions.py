"""Lambda: a function for each job, under a role of its own, and the HTTP API in front of the one that serves."""

from hashlib import sha256
from pathlib import Path

from aws_cdk import Aws, CfnOutput, CfnParameter, Duration, Size, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as awslambda
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.data import DataStack
from infra.directory import Directory
from infra.feeds import BUS, Feeds, Function
from infra.http_api import HttpApi
from infra.jobs import JOBS, Job
from infra.log_groups import make_log_group
from infra.mail import Letters
from infra.permissions import statements
from infra.queues import Queues
from infra.runtimes import architecture_of, runtime_of
from infra.stage import Stage


class FunctionsStack(Stack):
    """Seven functions, each under a role of its own, and everything that starts them.

    Parameters that are known only later: `PublicUrl`, where people find the shop; `Endpoint`, another server with AWS's
    APIs.
    """

    def __init__(self, scope: Construct, *, stage: Stage, data: DataStack) -> None:
        super().__init__(
            scope, "Functions", stack_name=stage.named("functions"), description="Bodega: functions and their events"
        )
        self._stage = stage
        self._data = data
        self.bus = events.EventBus(self, "Bus", event_bus_name=stage.named(BUS))
        self.queues = Queues(self, stage=stage, function_timeouts=_timeouts())
        self.letters = Letters(self, stage=stage, sender=stage.sender) if stage.sender is not None else None
        self._environment = self._settings()
        wanted = {name: job for name, job in JOBS.items() if stage.shape == "serverless" or not job.serves_pages}
        self.functions = {name: Function(job, self._function(name, job)) for name, job in wanted.items()}
        shop = self.functions.get("http")
        self.api = HttpApi(self, stage=stage, shop=shop.function) if shop is not None else None
        Feeds(scope=self, stage=stage, data=data, queues=self.queues, bus=self.bus, functions=self.functions).connect()
        if self.api is not None:
            Directory(self, stage=stage, addresses={"http": self.api.address})
            CfnOutput(self, "ApiAddress", value=self.api.address, description="The HTTP API, for CloudFront alone")

    # -- functions -----------------------------------------------------------------------------------------

    def _settings(self) -> dict[str, str]:
        public_url = CfnParameter(self, "PublicUrl", default="", description="Where people find the shop")
        endpoint = CfnParameter(self, "Endpoint", default="", description="Another server with AWS's APIs")
        return {
            "BODEGA_CLOUD": "aws",
            "BODEGA_AWS_REGION": Aws.REGION,
            "BODEGA_AWS_STAGE": self._stage.name,
            "BODEGA_AWS_BUCKET": self._data.objects.bucket_name,
            "BODEGA_AWS_KMS_KEY": self._data.personal_key.key_arn,
            "BODEGA_AWS_ENDPOINT": endpoint.value_as_string,
            "BODEGA_PUBLIC_URL": public_url.value_as_string,
            # Lists are made of small products: more threads of BLAS would wait for them, awake.
            "OPENBLAS_NUM_THREADS": "1",
            **self._stage.shop_settings,
            **self._stage.secret_settings,
        }

    def _function(self, name: str, job: Job) -> awslambda.Function:
        full_name = self._stage.named(name)
        log_group = make_log_group(self, f"{name}-logs", f"/aws/lambda/{full_name}")
        return awslambda.Function(
            self,
            name,
            function_name=full_name,
            description=job.purpose,
            runtime=runtime_of(self._stage),
            architecture=architecture_of(self._stage),
            handler=f"bodega.lambdas.{name}.handler",
            code=package(self._stage.packages / "lambdas" / f"{name}.zip"),
            role=self._role(name, job, log_group),
            memory_size=job.memory_mb,
            ephemeral_storage_size=Size.mebibytes(job.disk_mb),
            timeout=Duration.seconds(job.timeout_seconds),
            environment={**self._environment, **job.settings},
            log_group=log_group,
            logging_format=awslambda.LoggingFormat.JSON,
        )

    def _role(self, name: str, job: Job, log_group: logs.LogGroup) -> iam.Role:
        role = iam.Role(
            self,
            f"{name}-role",
            role_name=f"{self._stage.named(name)}-{Aws.REGION}",
            description=f"What the function {name} may do",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(role)
        for statement in statements(job.needs, self._data, self.queues.arns, self.bus.event_bus_arn):
            role.add_to_policy(statement)
        if job.needs.writes_letters and self.letters is not None:
            role.add_to_policy(self.letters.may_send())
        return role


def package(path: Path) -> awslambda.Code:
    """Return what `bodega package` built; where it has not yet, a mark that stands for it, with which none deploys."""
    if path.is_file():
        # CDK would hash the path's stat as well; a package that is the same is not to be deployed again.
        return awslambda.Code.from_asset(str(path), asset_hash=sha256(path.read_bytes()).hexdigest())
    return awslambda.Code.from_inline(NOT_BUILT)


NOT_BUILT = "# not built: bodega package"


def _timeouts() -> dict[str, Duration]:
    return {queue: Duration.seconds(job.timeout_seconds) for job in JOBS.values() for queue in job.queues}
