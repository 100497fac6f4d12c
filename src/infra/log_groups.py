"""Make the groups that logs are kept in."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct


def make_log_group(scope: Construct, name: str, full_name: str) -> logs.LogGroup:
    """Return a group of CloudWatch Logs, which keeps what comes for a month, under CloudWatch's own key."""
    return logs.LogGroup(
        scope,
        name,
        log_group_name=full_name,
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )
