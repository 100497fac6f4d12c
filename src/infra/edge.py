"""CloudFront in front of everything: the one way in, and a cache that heeds what the shop says about its answers."""

from aws_cdk import CfnOutput, CfnParameter, Duration, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from constructs import Construct

from bodega import schema
from infra.buckets import log_bucket
from infra.data import DataStack
from infra.fleet import FleetStack
from infra.functions import FunctionsStack
from infra.stage import Stage

# https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html: the zone of all distributions.
_ZONE_OF_CLOUDFRONT = "Z2FDTNDATAQYW2"
_PATIENCE = Duration.seconds(30)
_LONGEST = Duration.days(1)


class EdgeStack(Stack):
    """A distribution, and the names that point to it.

    Parameters from the stack in us-east-1: `AclArn`, the firewall; `CertificateArn`, if the shop has a domain.
    """

    def __init__(
        self, scope: Construct, *, stage: Stage, data: DataStack, functions: FunctionsStack, fleet: FleetStack | None
    ) -> None:
        super().__init__(scope, "Edge", stack_name=stage.named("edge"), description="Bodega: CloudFront")
        self._stage = stage
        acl = CfnParameter(self, "AclArn", description="The firewall, of the guard's stack")
        shop = self._fleet(fleet) if fleet is not None else self._api(functions)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=stage.named("edge"),
            default_behavior=self._behavior(shop, "pages", cookies=cloudfront.CacheCookieBehavior.all()),
            additional_behaviors={
                "/v1/*": self._behavior(shop, "api", cookies=_sessions(), headers=("authorization",)),
                "/static/*": self._behavior(shop, "static", longest=Duration.days(365)),
                "/media/*": self._pictures(data),
            },
            **self._named(),
            web_acl_id=acl.value_as_string,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            log_bucket=log_bucket(self, stage, acls=True),
            log_includes_cookies=False,
        )
        if stage.zone:
            self._point_to_it()
        address = stage.domain or self.distribution.distribution_domain_name
        CfnOutput(self, "Address", value=f"https://{address}", description="The shop")
        CfnOutput(self, "DistributionId", value=self.distribution.distribution_id)
        CfnOutput(self, "DistributionDomain", value=self.distribution.distribution_domain_name)

    # -- origins -------------------------------------------------------------------------------------------

    def _api(self, functions: FunctionsStack) -> cloudfront.IOrigin:
        if functions.api is None:
            raise AssertionError("a shop of functions has an API")
        return origins.HttpOrigin(
            functions.api.domain,
            origin_id="api",
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            # Resolved by CloudFormation, so that it stands in no template.
            custom_headers={schema.ORIGIN_HEADER: functions.api.secret.secret_value.unsafe_unwrap()},
            read_timeout=_PATIENCE,
        )

    def _fleet(self, fleet: FleetStack) -> cloudfront.IOrigin:
        return origins.VpcOrigin.with_application_load_balancer(
            fleet.balancer,
            origin_id="fleet",
            vpc_origin_name=self._stage.named("fleet"),
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,  # within the VPC; nobody has its certificate
            http_port=80,
            read_timeout=_PATIENCE,
        )

    # -- behaviours ----------------------------------------------------------------------------------------

    def _behavior(
        self,
        origin: cloudfront.IOrigin,
        name: str,
        *,
        cookies: cloudfront.CacheCookieBehavior | None = None,
        headers: tuple[str, ...] = (),
        longest: Duration = _LONGEST,
    ) -> cloudfront.BehaviorOptions:
        """Return how paths are served of which the shop itself says what may be kept, for whom and how long.

        Without cache-control nothing is kept. What an answer may depend on is part of the cache's key: the query, and
        these cookies and headers.
        """
        policy = cloudfront.CachePolicy(
            self,
            f"{name}-policy",
            cache_policy_name=self._stage.named(name),
            comment=f"As the shop says of {name}",
            min_ttl=Duration.seconds(0),
            default_ttl=Duration.seconds(0),
            max_ttl=longest,
            query_string_behavior=cloudfront.CacheQueryStringBehavior.all(),
            cookie_behavior=cookies or cloudfront.CacheCookieBehavior.none(),
            header_behavior=(
                cloudfront.CacheHeaderBehavior.allow_list(*headers)
                if headers
                else cloudfront.CacheHeaderBehavior.none()
            ),
            enable_accept_encoding_gzip=True,
            enable_accept_encoding_brotli=True,
        )
        return cloudfront.BehaviorOptions(
            origin=origin,
            cache_policy=policy,
            # Everything but the name, which is the origin's own there.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            response_headers_policy=self._hsts(),
            compress=True,
        )

    def _pictures(self, data: DataStack) -> cloudfront.BehaviorOptions:
        """Return how pictures are served: from the bucket, which lets in nobody but this distribution."""
        # By name: the bucket's policy is the data stack's, which is told the distribution once there is one.
        bucket = s3.Bucket.from_bucket_attributes(
            self, "Objects", bucket_name=data.objects.bucket_name, region=self.region
        )
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(
                bucket,
                origin_access_control=cloudfront.S3OriginAccessControl(
                    self,
                    "Access",
                    origin_access_control_name=self._stage.named("media"),
                    signing=cloudfront.Signing.SIGV4_ALWAYS,
                ),
            ),
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            response_headers_policy=cloudfront.ResponseHeadersPolicy(
                self,
                "media-headers",
                response_headers_policy_name=self._stage.named("media"),
                comment="A picture opened on its own runs no script with the shop's origin",
                security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                    content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                    content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                        content_security_policy="sandbox; default-src 'none'; style-src 'unsafe-inline'",
                        override=True,
                    ),
                    strict_transport_security=_ONE_YEAR,
                ),
                custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                    custom_headers=[
                        cloudfront.ResponseCustomHeader(
                            header="cache-control",
                            value="public, max-age=86400, stale-while-revalidate=604800",
                            override=False,
                        )
                    ]
                ),
            ),
        )

    def _hsts(self) -> cloudfront.ResponseHeadersPolicy:
        found = self.node.try_find_child("headers")
        if isinstance(found, cloudfront.ResponseHeadersPolicy):
            return found
        return cloudfront.ResponseHeadersPolicy(
            self,
            "headers",
            response_headers_policy_name=self._stage.named("shop"),
            comment="What the shop cannot say for itself: that it is never without TLS",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(strict_transport_security=_ONE_YEAR),
        )

    # -- names ---------------------------------------------------------------------------------------------

    def _named(self) -> dict[str, object]:
        if not self._stage.domain:
            return {}
        arn = self._stage.certificate
        if not arn:
            arn = CfnParameter(self, "CertificateArn", description="Of the guard's stack").value_as_string
        return {
            "domain_names": [self._stage.domain],
            "certificate": acm.Certificate.from_certificate_arn(self, "Certificate", arn),
        }

    def _point_to_it(self) -> None:
        for kind in ("A", "AAAA"):
            route53.CfnRecordSet(
                self,
                f"Name{kind}",
                hosted_zone_id=self._stage.zone,
                name=f"{self._stage.domain}.",
                type=kind,
                alias_target=route53.CfnRecordSet.AliasTargetProperty(
                    dns_name=self.distribution.distribution_domain_name, hosted_zone_id=_ZONE_OF_CLOUDFRONT
                ),
            )


_ONE_YEAR = cloudfront.ResponseHeadersStrictTransportSecurity(
    access_control_max_age=Duration.days(365), include_subdomains=False, override=True
)


def _sessions() -> cloudfront.CacheCookieBehavior:
    """Return the cookies that say who asks."""
    return cloudfront.CacheCookieBehavior.allow_list("__Host-session", "session", "__Host-staff", "staff")
