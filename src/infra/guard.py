"""What CloudFront wants in us-east-1, wherever the shop is: its firewall, and the certificate of its domain."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Aws, CfnOutput, Environment, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.log_groups import make_log_group
from infra.stage import Stage

REGION = "us-east-1"
_MANAGED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
# Rules that would refuse what the shop takes: imports and pictures are larger than 8 KB.
_ONLY_COUNTED = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}
_REQUESTS_IN_5_MINUTES = 3000
_SIGN_INS_IN_5_MINUTES = 100
# What is guessed at, and what has letters written: signing in and up, and new passwords.
_SIGN_IN = r"^/(v1/store/(sessions|customers|password-resets(:redeem)?)|sign-in|sign-up|forgotten|reset|staff/sign-in)$"
# What is for those who run the shop: each function or machine tells of itself alone, and to nobody outside.
_INTERNAL = r"^/metrics$"
# What says who somebody is, and in links of letters what they may do, is in no log.
_UNSEEN_HEADERS = ("authorization", "cookie")
_LOGGED = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")  # CloudFront's own log has everything
_PREFIX = "aws-waf-logs-"  # AWS takes no other name


class GuardStack(Stack):
    """A web ACL with AWS's managed rules and two limits for each address, and the log of what it refuses.

    A certificate too, if Route 53 has the zone.
    """

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(
            scope,
            "Guard",
            stack_name=stage.named("guard"),
            description="Bodega: firewall and certificate of the edge",
            env=Environment(region=REGION),
        )
        rules = [_managed(name, priority) for priority, name in enumerate(_MANAGED)]
        rules.append(_closed("internal", _INTERNAL, priority=9))
        rules.append(_limited("requests", _REQUESTS_IN_5_MINUTES, priority=10))
        rules.append(_limited("sign-ins", _SIGN_INS_IN_5_MINUTES, priority=11, path=_SIGN_IN))
        acl = waf.CfnWebACL(
            self,
            "Acl",
            name=stage.named("guard"),
            description="Who may ask the shop, and how often",
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_seen(stage.named("guard")),
            rules=rules,
        )
        self._log(acl, f"{_PREFIX}{stage.named('guard')}")
        CfnOutput(self, "AclArn", value=acl.attr_arn)
        if stage.zone:
            certificate = acm.CfnCertificate(
                self,
                "Certificate",
                domain_name=stage.domain,
                validation_method="DNS",
                domain_validation_options=[
                    acm.CfnCertificate.DomainValidationOptionProperty(
                        domain_name=stage.domain, hosted_zone_id=stage.zone
                    )
                ],
            )
            CfnOutput(self, "CertificateArn", value=certificate.ref)

    def _log(self, acl: waf.CfnWebACL, full_name: str) -> None:
        """Keep what was refused, or would have been by rules that only count."""
        group = make_log_group(self, "refused", full_name)
        # Written here, or AWS would write one by itself, for whatever begins with the prefix and for good.
        delivered = logs.ResourcePolicy(
            self,
            "delivery",
            resource_policy_name=full_name,
            policy_statements=[
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[group.log_group_arn],
                    conditions={
                        "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                        "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:logs:{REGION}:{Aws.ACCOUNT_ID}:*"},
                    },
                )
            ],
        )
        # A firewall wants the group's ARN without the star that CloudFormation ends it with.
        arn = self.format_arn(
            service="logs", resource="log-group", resource_name=full_name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        logging = waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[arn],
            redacted_fields=[
                *(
                    waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                    for header in _UNSEEN_HEADERS
                ),
                waf.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
            ],
            logging_filter=_only_logged(),
        )
        logging.node.add_dependency(group, delivered)


def _only_logged() -> Mapping[str, object]:
    """Return what is kept of what a firewall sees, as CloudFormation has it: for CDK it has no form."""
    conditions = [{"ActionCondition": {"Action": action}} for action in _LOGGED]
    kept = {"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": conditions}
    return {"DefaultBehavior": "DROP", "Filters": [kept]}


def _managed(name: str, priority: int) -> waf.CfnWebACL.RuleProperty:
    counted = [
        waf.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=waf.CfnWebACL.RuleActionProperty(count={}))
        for rule in _ONLY_COUNTED.get(name, ())
    ]
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=name, rule_action_overrides=counted or None
            )
        ),
        visibility_config=_seen(name),
    )


def _closed(name: str, path: str, *, priority: int) -> waf.CfnWebACL.RuleProperty:
    """Return a rule for a path that is not there for anybody who comes this way."""
    response = waf.CfnWebACL.CustomResponseProperty(response_code=404)
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(block=waf.CfnWebACL.BlockActionProperty(custom_response=response)),
        statement=_asked_for(path),
        visibility_config=_seen(name),
    )


def _asked_for(path: str) -> waf.CfnWebACL.StatementProperty:
    """Return whether a request is for a path, however it is written: the shop would decode it as well."""
    return waf.CfnWebACL.StatementProperty(
        regex_match_statement=waf.CfnWebACL.RegexMatchStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
            regex_string=path,
            text_transformations=[
                waf.CfnWebACL.TextTransformationProperty(priority=0, type="URL_DECODE"),
                waf.CfnWebACL.TextTransformationProperty(priority=1, type="NORMALIZE_PATH"),
            ],
        )
    )


def _limited(name: str, limit: int, *, priority: int, path: str = "") -> waf.CfnWebACL.RuleProperty:
    """Return a rule that refuses an address that asks more often than `limit` in five minutes, for a path if given."""
    narrowed = _asked_for(path) if path else None
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(
            block=waf.CfnWebACL.BlockActionProperty(
                custom_response=waf.CfnWebACL.CustomResponseProperty(
                    response_code=429,
                    response_headers=[waf.CfnWebACL.CustomHTTPHeaderProperty(name="retry-after", value="300")],
                )
            )
        ),
        statement=waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                limit=limit, aggregate_key_type="IP", evaluation_window_sec=300, scope_down_statement=narrowed
            )
        ),
        visibility_config=_seen(name),
    )


def _seen(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
