"""Lambda and what starts it: the HTTP API, queues, the outbox's stream, the bus, schedules, and what devices say."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from aws_cdk import Aws, CfnOutput, CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_lambda as awslambda
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from bodega import schema
from infra.data import DataStack
from infra.http_api import HttpApi
from infra.jobs import JOBS, SCHEDULES, Job
from infra.permissions import statements
from infra.queues import UPLOADS, Queues
from infra.runtimes import architecture_of, runtime_of
from infra.stage import Stage

_LOGS_KEPT = logs.RetentionDays.ONE_MONTH
_BATCH = 10
_RETRIES_OF_A_STREAM = 20
_AGE_OF_A_STREAM = Duration.hours(12)


@dataclass(frozen=True)
class Function:
    """A deployed function and the job that it does."""

    job: Job
    function: awslambda.Function


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
        self.bus = events.EventBus(self, "Bus", event_bus_name=stage.named("events"))
        self.queues = Queues(self, stage=stage, function_timeouts=_timeouts())
        self._environment = self._settings()
        wanted = {name: job for name, job in JOBS.items() if stage.shape == "serverless" or not job.serves_pages}
        self.functions = {name: Function(job, self._function(name, job)) for name, job in wanted.items()}
        shop = self.functions.get("http")
        self.api = HttpApi(self, stage=stage, shop=shop.function) if shop is not None else None
        self._feed_queues()
        self._feed_stream()
        self._feed_bus()
        self._feed_uploads()
        self._feed_schedules()
        self._feed_devices()
        if self.api is not None:
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
            **self._stage.settings,
            # Resolved by CloudFormation, so that they stand in no template.
            **{
                name: f"{{{{resolve:secretsmanager:{self._stage.settings_secret}:SecretString:{name}}}}}"
                for name in self._stage.secrets
            },
        }

    def _function(self, name: str, job: Job) -> awslambda.Function:
        full_name = self._stage.named(name)
        log_group = logs.LogGroup(
            self,
            f"{name}-logs",
            log_group_name=f"/aws/lambda/{full_name}",
            retention=_LOGS_KEPT,
            removal_policy=RemovalPolicy.DESTROY,
        )
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
        return role

    # -- what starts them ----------------------------------------------------------------------------------

    def _feed_queues(self) -> None:
        """Hand messages to functions; one bad message of a batch does not bring back the others."""
        for name, one in self.functions.items():
            for queue in one.job.queues:
                one.function.add_event_source(
                    sources.SqsEventSource(
                        self.queues.pairs[queue].queue,
                        batch_size=_BATCH,
                        report_batch_item_failures=True,
                        max_concurrency=JOBS[name].concurrency,
                    )
                )

    def _feed_stream(self) -> None:
        """Hand what was announced to `stream`: bounded in tries and age, or one bad record would block a day."""
        outbox = self._data.tables[schema.OUTBOX.name]
        function = self.functions["stream"].function
        lost = self.queues.lost["stream"]
        # CDK's own way would let it list the streams of all tables.
        function.add_to_role_policy(
            iam.PolicyStatement(
                sid="Stream",
                actions=[
                    "dynamodb:DescribeStream",
                    "dynamodb:GetRecords",
                    "dynamodb:GetShardIterator",
                    "dynamodb:ListStreams",
                ],
                resources=[str(outbox.table_stream_arn)],
            )
        )
        function.add_to_role_policy(
            iam.PolicyStatement(sid="Lost", actions=["sqs:SendMessage"], resources=[lost.queue_arn])
        )
        awslambda.EventSourceMapping(
            self,
            "stream-source",
            target=function,
            event_source_arn=outbox.table_stream_arn,
            starting_position=awslambda.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=_RETRIES_OF_A_STREAM,
            max_record_age=_AGE_OF_A_STREAM,
            on_failure=sources.SqsDlq(lost),
            # What is moved within the table, and what expires, is no news.
            filters=[awslambda.FilterCriteria.filter({"eventName": awslambda.FilterRule.is_equal("INSERT")})],
        ).node.add_dependency(function)

    def _feed_bus(self) -> None:
        """Route events by their name to the queues that subscribe to them; what cannot be delivered is kept."""
        for queue, prefixes in schema.subscribed().items():
            target = self.queues.pairs[queue].queue
            rule = events.CfnRule(
                self,
                f"{queue}-rule",
                name=schema.rule_name(self.stage_bus_name, queue),
                description=f"What {queue} subscribes to",
                event_bus_name=self.bus.event_bus_name,
                event_pattern={
                    "source": [schema.EVENT_SOURCE],
                    "detail-type": [{"prefix": prefix} for prefix in prefixes],
                },
                targets=[
                    events.CfnRule.TargetProperty(
                        id=queue,
                        arn=target.queue_arn,
                        input_path="$.detail",
                        dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                            arn=self.queues.pairs[queue].dead.queue_arn
                        ),
                        retry_policy=events.CfnRule.RetryPolicyProperty(
                            maximum_retry_attempts=schema.DELIVERY_ATTEMPTS,
                            maximum_event_age_in_seconds=schema.DELIVERY_AGE_SECONDS,
                        ),
                    )
                ],
            )
            for receiver in (target, self.queues.pairs[queue].dead):
                receiver.add_to_resource_policy(_from_rule(rule.attr_arn, receiver.queue_arn))

    @property
    def stage_bus_name(self) -> str:
        """Return the bus's name as text, not as a reference that only the deployment resolves."""
        return self._stage.named("events")

    def _feed_uploads(self) -> None:
        """Hand what was uploaded to `objects`, by way of the account's own bus, which S3 speaks to."""
        target = self.queues.pairs[UPLOADS.name].queue
        rule = events.CfnRule(
            self,
            "uploads-rule",
            name=self._stage.named("uploads"),
            description="Pictures that came into the bucket",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [self._data.objects.bucket_name]},
                    "object": {"key": [{"prefix": prefix} for prefix in self.functions["objects"].job.uploads]},
                },
            },
            targets=[events.CfnRule.TargetProperty(id="uploads", arn=target.queue_arn)],
        )
        target.add_to_resource_policy(_from_rule(rule.attr_arn, target.queue_arn))

    def _feed_schedules(self) -> None:
        """Call `schedule` with the name of what is due."""
        function = self.functions["schedule"].function
        lost = self.queues.lost["schedule"]
        role = iam.Role(
            self,
            "scheduler-role",
            role_name=f"{self._stage.named('scheduler')}-{Aws.REGION}",
            description="Calls the function of what falls due, and nothing else",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
        )
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn]))
        role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[lost.queue_arn]))
        group = scheduler.CfnScheduleGroup(self, "schedules", name=self._stage.named("schedules"))
        for duty, every in SCHEDULES.items():
            schedule = scheduler.CfnSchedule(
                self,
                f"{duty}-schedule",
                name=self._stage.named(duty),
                group_name=group.ref,
                schedule_expression=every,
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=function.function_arn,
                    role_arn=role.role_arn,
                    input=f'{{"duty":"{duty}"}}',
                    dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=lost.queue_arn),
                    # The next turn does what this one could not.
                    retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                        maximum_retry_attempts=0, maximum_event_age_in_seconds=60
                    ),
                ),
            )
            schedule.node.add_dependency(role)

    def _feed_devices(self) -> None:
        """Hand what devices publish to their queue, and let a certificate speak for its own location only."""
        pair = self.queues.pairs["counts"]
        role = iam.Role(
            self,
            "counts-role",
            role_name=f"{self._stage.named('counts')}-{Aws.REGION}",
            description="Puts what devices say into their queue, and nothing else",
            assumed_by=iam.ServicePrincipal(
                "iot.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[pair.queue.queue_arn, pair.dead.queue_arn])
        )
        iot.CfnTopicRule(
            self,
            "counts-rule",
            rule_name=self._stage.named("counts").replace("-", "_"),  # IoT takes no hyphens
            topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
                sql=schema.COUNTS_RULE,
                aws_iot_sql_version="2016-03-23",
                actions=[_to_queue(role, pair.queue.queue_url)],
                error_action=_to_queue(role, pair.dead.queue_url),
            ),
        ).node.add_dependency(role)
        here = f"arn:{Aws.PARTITION}:iot:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        own_topic = "${iot:Connection.Thing.Attributes[location]}/${iot:Connection.Thing.ThingName}"
        iot.CfnPolicy(
            self,
            "device-policy",
            policy_name=self._stage.named("device"),
            policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "iot:Connect",
                        "Resource": f"{here}:client/${{iot:Connection.Thing.ThingName}}",
                        "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}},
                    },
                    {
                        "Effect": "Allow",
                        "Action": "iot:Publish",
                        "Resource": f"{here}:topic/{schema.COUNTS_TOPIC}/{own_topic}",
                    },
                ],
            },
        )


def package(path: Path) -> awslambda.Code:
    """Return what `bodega package` built; where it has not yet, a mark that stands for it, with which none deploys."""
    if path.is_file():
        # CDK would hash the path's stat as well; a package that is the same is not to be deployed again.
        return awslambda.Code.from_asset(str(path), asset_hash=sha256(path.read_bytes()).hexdigest())
    return awslambda.Code.from_inline(NOT_BUILT)


NOT_BUILT = "# not built: bodega package"


def _timeouts() -> dict[str, Duration]:
    return {queue: Duration.seconds(job.timeout_seconds) for job in JOBS.values() for queue in job.queues}


def _from_rule(rule_arn: str, queue_arn: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue_arn],
        conditions={"ArnEquals": {"aws:SourceArn": rule_arn}},
    )


def _to_queue(role: iam.Role, queue_url: str) -> iot.CfnTopicRule.ActionProperty:
    return iot.CfnTopicRule.ActionProperty(
        sqs=iot.CfnTopicRule.SqsActionProperty(queue_url=queue_url, role_arn=role.role_arn, use_base64=False)
    )
