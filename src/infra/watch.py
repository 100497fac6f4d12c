"""Tell somebody when the shop fails, is slow, is refused or costs more than it should, and show it all on one page."""

from collections.abc import Sequence

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from bodega import schema
from infra.data import DataStack
from infra.fleet import FleetStack
from infra.functions import FunctionsStack
from infra.mail import Letters
from infra.stage import Stage

_MINUTE = Duration.minutes(1)
_FIVE_MINUTES = Duration.minutes(5)
_MOST_FAILED = 1  # percent of requests
_FEW = 10  # requests in five minutes
_SLOW = Duration.seconds(2)
_OLD = Duration.minutes(15)
_IN_ONE_ALARM = 10  # metrics: CloudWatch's limit for a sum
_ERRORS = ("ERROR", "CRITICAL")  # levels of lines, as bodega.adapters.system.log_lines writes them
_RAISED = "Traceback (most recent call last)"  # as Python writes it where nobody logs it
# https://docs.aws.amazon.com/ses/latest/dg/reputation-dashboard-messages.html: shares of letters, not percent.
_MOST_BOUNCED, _MOST_COMPLAINED = 0.05, 0.001
# Tables that a sale waits for.
_SELLING = (schema.CARTS, schema.INVENTORY, schema.CHECKOUTS, schema.ORDERS, schema.OUTBOX.name)


class WatchStack(Stack):
    """Alarms, their topic, a dashboard, and a budget."""

    def __init__(
        self, scope: Construct, *, stage: Stage, data: DataStack, functions: FunctionsStack, fleet: FleetStack | None
    ) -> None:
        super().__init__(scope, "Watch", stack_name=stage.named("watch"), description="Bodega: alarms and dashboard")
        self._stage = stage
        self._topic = self._alarm_topic(data)
        self._action = actions.SnsAction(self._topic)
        requests, failed, slow = _of_fleet(fleet) if fleet else _of_api(functions)
        self._alarms = [
            self._alarm(
                "failing",
                cloudwatch.MathExpression(
                    expression="IF(requests > 20, 100 * failed / requests, 0)",
                    using_metrics={"requests": requests, "failed": failed},
                    period=_FIVE_MINUTES,
                    label="failed, %",
                ),
                _MOST_FAILED,
                "More than one request in a hundred fails",
            ),
            self._alarm(
                "slow",
                slow,
                _SLOW.to_milliseconds() if fleet is None else _SLOW.to_seconds(),
                "One request in a hundred takes more than two seconds",
                periods=3,
            ),
            *self._of_functions(functions),
            *self._of_queues(functions),
            self._of_tables(data),
            *(self._of_machines(fleet) if fleet is not None else ()),
            *(self._of_letters(functions.letters) if functions.letters is not None else ()),
        ]
        self._dashboard(functions, requests, failed, slow, data)
        if stage.monthly_budget:
            self._budget()
        CfnOutput(
            self,
            "DashboardAddress",
            value=f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home#dashboards:name={stage.named('shop')}",
        )

    def _alarm_topic(self, data: DataStack) -> sns.Topic:
        topic = sns.Topic(
            self,
            "Alarms",
            topic_name=self._stage.named("alarms"),
            master_key=data.shop_key,
            enforce_ssl=True,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[
                    iam.ServicePrincipal("cloudwatch.amazonaws.com"),
                    iam.ServicePrincipal("budgets.amazonaws.com"),
                ],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        if self._stage.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(self._stage.alarm_email))
        return topic

    def _alarm(
        self, name: str, metric: cloudwatch.IMetric, threshold: float, description: str, *, periods: int = 2
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=self._stage.named(name),
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        return alarm

    def _of_functions(self, functions: FunctionsStack) -> list[cloudwatch.Alarm]:
        handlers = {name: one.function for name, one in functions.functions.items()}
        made = [
            self._alarm(
                f"{name}-errors",
                function.metric_errors(period=_FIVE_MINUTES),
                0,
                f"The function {name} fails",
            )
            for name, function in handlers.items()
        ]
        throttles = [function.metric_throttles(period=_FIVE_MINUTES) for function in handlers.values()]
        made.append(
            self._alarm("throttles", _sum(throttles, "throttled"), 0, "Functions are refused for want of concurrency")
        )
        return made

    def _of_queues(self, functions: FunctionsStack) -> list[cloudwatch.Alarm]:
        dead = functions.queues.dead
        depths = [queue.metric_approximate_number_of_messages_visible(period=_MINUTE) for queue in dead]
        ages = [
            pair.queue.metric_approximate_age_of_oldest_message(period=_MINUTE)
            for pair in functions.queues.pairs.values()
        ]
        parts = [depths[start : start + _IN_ONE_ALARM] for start in range(0, len(depths), _IN_ONE_ALARM)]
        made = [
            self._alarm(
                f"dead-letters-{number}",
                _sum(part, "dead letters"),
                0,
                "Something failed for good: look at it, and drive it again",
                periods=1,
            )
            for number, part in enumerate(parts, start=1)
        ]
        made.append(
            self._alarm(
                "waiting",
                _sum(ages, "seconds", function="MAX"),
                _OLD.to_seconds(),
                "Something has waited in a queue for a quarter of an hour",
            )
        )
        return made

    def _of_tables(self, data: DataStack) -> cloudwatch.Alarm:
        refused = [
            data.tables[name].metric(event, period=_FIVE_MINUTES, statistic="Sum")
            for name in _SELLING
            for event in ("ReadThrottleEvents", "WriteThrottleEvents")
        ]
        return self._alarm("tables", _sum(refused, "throttled"), 0, "Tables that sales wait for refuse requests")

    def _of_machines(self, fleet: FleetStack) -> list[cloudwatch.Alarm]:
        """Where no machine is left to fail, the balancer answers for them, and does not count it as a request."""
        answered = fleet.balancer.metrics.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT, period=_FIVE_MINUTES)
        return [
            self._alarm("unanswered", answered, _FEW, "No machine answers the load balancer"),
            self._alarm("machines-errors", self._counted(fleet.logs), 0, "Machines log errors"),
        ]

    def _counted(self, written: logs.ILogGroup) -> cloudwatch.IMetric:
        """Return how many errors machines logged: lines that say so, and what broke before there were such lines."""
        namespace, name = f"bodega/{self._stage.name}", "MachinesErrors"
        patterns = {
            "machines-errors-logged": logs.FilterPattern.any(
                *(logs.FilterPattern.string_value("$.level", "=", level) for level in _ERRORS)
            ),
            "machines-errors-raised": logs.FilterPattern.all_terms(_RAISED),
        }
        for made, pattern in patterns.items():
            logs.MetricFilter(
                self,
                f"{made}-filter",
                log_group=written,
                filter_name=made,
                filter_pattern=pattern,
                metric_namespace=namespace,
                metric_name=name,
            )
        return cloudwatch.Metric(namespace=namespace, metric_name=name, statistic="Sum", period=_FIVE_MINUTES)

    def _of_letters(self, letters: Letters) -> list[cloudwatch.Alarm]:
        """SES looks into senders at these shares, and stops them at the double (bounces) and the fivefold."""
        return [
            self._alarm("bounces", letters.bounced(), _MOST_BOUNCED, "One letter in twenty comes back", periods=1),
            self._alarm(
                "complaints",
                letters.complained(),
                _MOST_COMPLAINED,
                "One letter in a thousand is called spam",
                periods=1,
            ),
        ]

    def _dashboard(
        self,
        functions: FunctionsStack,
        requests: cloudwatch.IMetric,
        failed: cloudwatch.IMetric,
        slow: cloudwatch.IMetric,
        data: DataStack,
    ) -> None:
        handlers = [one.function for one in functions.functions.values()]
        queues = [pair.queue for pair in functions.queues.pairs.values()]
        tables = [data.tables[name] for name in _SELLING]
        wide = 12
        board = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self._stage.named("shop"))
        board.add_widgets(
            cloudwatch.AlarmStatusWidget(title="Alarms", alarms=self._alarms, width=wide),
            cloudwatch.GraphWidget(title="Requests", left=[requests], right=[failed], width=wide),
        )
        board.add_widgets(
            cloudwatch.GraphWidget(title="Slowest of a hundred", left=[slow], width=wide),
            cloudwatch.GraphWidget(title="Functions", left=[one.metric_duration() for one in handlers], width=wide),
        )
        board.add_widgets(
            cloudwatch.GraphWidget(
                title="Waiting",
                left=[one.metric_approximate_number_of_messages_visible() for one in queues],
                width=wide,
            ),
            cloudwatch.GraphWidget(
                title="Capacity of tables",
                left=[one.metric_consumed_write_capacity_units() for one in tables],
                right=[one.metric_consumed_read_capacity_units() for one in tables],
                width=wide,
            ),
        )
        if functions.letters is not None:
            board.add_widgets(
                cloudwatch.GraphWidget(
                    title="Letters that came back", left=list(functions.letters.counted()), width=wide
                )
            )

    def _budget(self) -> None:
        at_most = budgets.CfnBudget.SpendProperty(amount=self._stage.monthly_budget, unit="USD")
        told = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=self._topic.topic_arn)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self._stage.named("budget"),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=at_most,
                cost_filters={"TagKeyValue": [f"user:stage${self._stage.name}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind, comparison_operator="GREATER_THAN", threshold=percent
                    ),
                    subscribers=[told],
                )
                for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )


def _of_api(functions: FunctionsStack) -> tuple[cloudwatch.IMetric, cloudwatch.IMetric, cloudwatch.IMetric]:
    if functions.api is None:
        raise AssertionError("a shop of functions has an API")
    api = functions.api.api
    return (
        api.metric_count(period=_FIVE_MINUTES),
        api.metric_server_error(period=_FIVE_MINUTES),
        api.metric_latency(period=_FIVE_MINUTES, statistic="p99"),
    )


def _of_fleet(fleet: FleetStack) -> tuple[cloudwatch.IMetric, cloudwatch.IMetric, cloudwatch.IMetric]:
    measured = fleet.balancer.metrics
    return (
        measured.request_count(period=_FIVE_MINUTES),
        measured.http_code_target(elb.HttpCodeTarget.TARGET_5XX_COUNT, period=_FIVE_MINUTES),
        measured.target_response_time(period=_FIVE_MINUTES, statistic="p99"),
    )


def _sum(metrics: Sequence[cloudwatch.IMetric], label: str, *, function: str = "SUM") -> cloudwatch.MathExpression:
    named = {f"m{number}": metric for number, metric in enumerate(metrics)}
    return cloudwatch.MathExpression(
        expression=f"{function}([{','.join(f'FILL({name},0)' for name in named)}])",
        using_metrics=named,
        label=label,
        period=_FIVE_MINUTES,
    )
