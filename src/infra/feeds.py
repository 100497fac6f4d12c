"""Start functions: by queues, the stream of the outbox, the bus, uploads, schedules, and what devices say."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Aws, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_lambda as awslambda
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from bodega import schema
from infra.data import DataStack
from infra.jobs import SCHEDULES, Job
from infra.queues import UPLOADS, Queues
from infra.stage import Stage

BUS = "events"
_BATCH = 10
_RETRIES_OF_A_STREAM = 20
_AGE_OF_A_STREAM = Duration.hours(12)


@dataclass(frozen=True)
class Function:
    """A deployed function and the job that it does."""

    job: Job
    function: awslambda.Function


@dataclass(frozen=True, kw_only=True)
class Feeds:
    """Connects what happens with who does something about it; what is made belongs to `scope`."""

    scope: Construct
    stage: Stage
    data: DataStack
    queues: Queues
    bus: events.EventBus
    functions: Mapping[str, Function]

    def connect(self) -> None:
        """Make all connections."""
        self._feed_queues()
        self._feed_stream()
        self._feed_bus()
        self._feed_uploads()
        self._feed_schedules()
        self._feed_devices()

    def _feed_queues(self) -> None:
        """Hand messages to functions; one bad message of a batch does not bring back the others."""
        for one in self.functions.values():
            for queue in one.job.queues:
                one.function.add_event_source(
                    sources.SqsEventSource(
                        self.queues.pairs[queue].queue,
                        batch_size=_BATCH,
                        report_batch_item_failures=True,
                        max_concurrency=one.job.concurrency,
                    )
                )

    def _feed_stream(self) -> None:
        """Hand what was announced to `stream`: bounded in tries and age, or one bad record would block a day."""
        outbox = self.data.tables[schema.OUTBOX.name]
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
            self.scope,
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
                self.scope,
                f"{queue}-rule",
                name=schema.rule_name(self.stage.named(BUS), queue),
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

    def _feed_uploads(self) -> None:
        """Hand what was uploaded to `objects`, by way of the account's own bus, which S3 speaks to."""
        target, dead = self.queues.pairs[UPLOADS.name].queue, self.queues.pairs[UPLOADS.name].dead
        rule = events.CfnRule(
            self.scope,
            "uploads-rule",
            name=self.stage.named("uploads"),
            description="Pictures that came into the bucket",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [self.data.objects.bucket_name]},
                    "object": {"key": [{"prefix": prefix} for prefix in self.functions["objects"].job.uploads]},
                },
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="uploads",
                    arn=target.queue_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=dead.queue_arn),
                )
            ],
        )
        for receiver in (target, dead):
            receiver.add_to_resource_policy(_from_rule(rule.attr_arn, receiver.queue_arn))

    def _feed_schedules(self) -> None:
        """Call `schedule` with the name of what is due."""
        function = self.functions["schedule"].function
        lost = self.queues.lost["schedule"]
        role = self._role("scheduler", "scheduler", "Calls the function of what falls due, and nothing else")
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn]))
        role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[lost.queue_arn]))
        group = scheduler.CfnScheduleGroup(self.scope, "schedules", name=self.stage.named("schedules"))
        for duty, every in SCHEDULES.items():
            schedule = scheduler.CfnSchedule(
                self.scope,
                f"{duty}-schedule",
                name=self.stage.named(duty),
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
        pair, topic = self.queues.pairs["counts"], schema.counts_topic(self.stage.name)
        role = self._role("counts", "iot", "Puts what devices say into their queue, and nothing else")
        role.add_to_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[pair.queue.queue_arn, pair.dead.queue_arn])
        )
        iot.CfnTopicRule(
            self.scope,
            "counts-rule",
            rule_name=self.stage.named("counts").replace("-", "_"),  # IoT takes no hyphens
            topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
                sql=schema.counts_rule(topic),
                aws_iot_sql_version="2016-03-23",
                actions=[_to_queue(role, pair.queue.queue_url)],
                error_action=_to_queue(role, pair.dead.queue_url),
            ),
        ).node.add_dependency(role)
        here = f"arn:{Aws.PARTITION}:iot:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        own_topic = "${iot:Connection.Thing.Attributes[location]}/${iot:Connection.Thing.ThingName}"
        iot.CfnPolicy(
            self.scope,
            "device-policy",
            policy_name=self.stage.named("device"),
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
                        "Resource": f"{here}:topic/{topic}/{own_topic}",
                    },
                ],
            },
        )

    def _role(self, name: str, service: str, description: str) -> iam.Role:
        """Return the role that a service of AWS takes for this account alone; it may do nothing yet."""
        return iam.Role(
            self.scope,
            f"{name}-role",
            role_name=f"{self.stage.named(name)}-{Aws.REGION}",
            description=description,
            assumed_by=iam.ServicePrincipal(
                f"{service}.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
        )


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
