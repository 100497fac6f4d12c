"""Let SES bring the shop's letters: under the sender's own name, signed with its domain's keys, and counted.

Nothing of this is there for a stage without a sender.
"""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.stage import Sender, Stage

# What SES tells of letters after it took them, each a metric. What arrived is not counted: it costs, and tells nothing.
COUNTED = ("Bounce", "Complaint", "Reject")
_SET = "ses:configuration-set"  # SES tags each letter with it, and counts by it
_DKIM_KEYS = 3
_TTL_SECONDS = "1800"


class Letters(Construct):
    """A sender that SES knows, and what becomes of the letters that are sent under it.

    With a zone the sender's whole domain is verified, and its DKIM keys published there; without one SES writes to the
    address, and somebody has to follow the link.
    """

    def __init__(self, scope: Construct, *, stage: Stage, sender: Sender) -> None:
        super().__init__(scope, "Letters")
        self._sender = sender
        self._set = ses.CfnConfigurationSet(
            self,
            "Set",
            name=stage.named("letters"),
            reputation_options=ses.CfnConfigurationSet.ReputationOptionsProperty(reputation_metrics_enabled=True),
            # Whoever complained, and whom nothing reaches, is not written to again.
            suppression_options=ses.CfnConfigurationSet.SuppressionOptionsProperty(
                suppressed_reasons=["BOUNCE", "COMPLAINT"]
            ),
        )
        ses.CfnConfigurationSetEventDestination(
            self,
            "Counts",
            configuration_set_name=self._set.ref,
            event_destination=ses.CfnConfigurationSetEventDestination.EventDestinationProperty(
                name=stage.named("letters"),
                enabled=True,
                matching_event_types=[name.upper() for name in COUNTED],
                cloud_watch_destination=ses.CfnConfigurationSetEventDestination.CloudWatchDestinationProperty(
                    dimension_configurations=[
                        ses.CfnConfigurationSetEventDestination.DimensionConfigurationProperty(
                            dimension_name=_SET,
                            dimension_value_source="messageTag",
                            default_dimension_value=stage.named("letters"),
                        )
                    ]
                ),
            ),
        )
        self._identity = ses.CfnEmailIdentity(
            self,
            "Identity",
            email_identity=sender.identity,
            configuration_set_attributes=ses.CfnEmailIdentity.ConfigurationSetAttributesProperty(
                configuration_set_name=self._set.ref
            ),
            # What bounces is counted, and its address suppressed; copies of it by mail would be read by nobody.
            feedback_attributes=ses.CfnEmailIdentity.FeedbackAttributesProperty(email_forwarding_enabled=False),
        )
        if sender.zone:
            self._publish_keys(sender.zone)

    def may_send(self) -> iam.PolicyStatement:
        """Return the right to send letters from this address, and from no other of its domain.

        A letter that is composed here takes `SendRawEmail`, although the call is `SendEmail`. SES asks for the set's
        permission as well as the identity's.
        """
        here = f"arn:{Aws.PARTITION}:ses:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        return iam.PolicyStatement(
            sid="Letters",
            actions=["ses:SendEmail", "ses:SendRawEmail"],
            resources=[f"{here}:identity/{self._identity.ref}", f"{here}:configuration-set/{self._set.ref}"],
            conditions={"StringEquals": {"ses:FromAddress": self._sender.address}},
        )

    def counted(self) -> Sequence[cloudwatch.IMetric]:
        """Return how many letters came back, were complained of or were refused."""
        return [self._metric(name, "Sum") for name in COUNTED]

    def bounced(self) -> cloudwatch.IMetric:
        """Return the share of letters that came back, as SES judges the sender by it."""
        return self._metric("Reputation.BounceRate", "Maximum")

    def complained(self) -> cloudwatch.IMetric:
        """Return the share of letters that somebody called spam, as SES judges the sender by it."""
        return self._metric("Reputation.ComplaintRate", "Maximum")

    def _metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/SES", metric_name=name, dimensions_map={_SET: self._set.ref}, statistic=statistic
        )

    def _publish_keys(self, zone: str) -> None:
        """Publish the domain's DKIM keys, which prove to SES whose it is and to others that letters are genuine."""
        for number in range(1, _DKIM_KEYS + 1):
            route53.CfnRecordSet(
                self,
                f"Key{number}",
                hosted_zone_id=zone,
                name=str(getattr(self._identity, f"attr_dkim_dns_token_name{number}")),
                type="CNAME",
                ttl=_TTL_SECONDS,
                resource_records=[str(getattr(self._identity, f"attr_dkim_dns_token_value{number}"))],
            )
