"""The HTTP API, closed to everybody but CloudFront: it sends a secret header that an authorizer knows."""

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as awslambda
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from bodega import schema
from infra.log_groups import make_log_group
from infra.runtimes import architecture_of, runtime_of
from infra.stage import Stage

_REMEMBERED = Duration.hours(1)
# Without the header API Gateway refuses by itself; with one, the answer is kept, so that this runs about once an hour.
_DOORKEEPER = f"""
import hmac
import os

import boto3

wanted = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])["SecretString"]


def handler(event, context):
    said = event.get("headers", {{}}).get("{schema.ORIGIN_HEADER}", "")
    return {{"isAuthorized": hmac.compare_digest(said.encode(), wanted.encode())}}
"""


class HttpApi(Construct):
    """Everything to one function: which paths there are is the shop's own affair."""

    def __init__(self, scope: Construct, *, stage: Stage, shop: awslambda.Function) -> None:
        super().__init__(scope, "Http")
        self._stage = stage
        self.secret = secretsmanager.Secret(
            self,
            "Origin",
            secret_name=f"bodega/{stage.name}/origin",
            description="What CloudFront sends along, and the HTTP API lets in",
            removal_policy=RemovalPolicy.DESTROY,
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=48, exclude_punctuation=True),
        )
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=stage.named("http"),
            description="Bodega, for CloudFront alone",
            create_default_stage=False,
            default_authorizer=self._authorizer(),
        )
        self.api.add_routes(
            path="/{path+}", methods=[apigateway.HttpMethod.ANY], integration=self._integration("Paths", shop)
        )
        self.api.add_routes(path="/", methods=[apigateway.HttpMethod.ANY], integration=self._integration("Root", shop))
        self._open()

    @property
    def address(self) -> str:
        """Return the API's address; nobody without the secret is answered there."""
        return f"https://{self.domain}"

    @property
    def domain(self) -> str:
        """Return the API's name."""
        return f"{self.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"

    def _integration(self, name: str, shop: awslambda.Function) -> integrations.HttpLambdaIntegration:
        return integrations.HttpLambdaIntegration(
            name, shop, payload_format_version=apigateway.PayloadFormatVersion.VERSION_2_0
        )

    def _authorizer(self) -> authorizers.HttpLambdaAuthorizer:
        name = self._stage.named("doorkeeper")
        log_group = make_log_group(self, "doorkeeper-logs", f"/aws/lambda/{name}")
        role = iam.Role(
            self,
            "doorkeeper-role",
            role_name=f"{name}-{Aws.REGION}",
            description="Reads the secret that CloudFront sends along",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(role)
        role.add_to_policy(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[self.secret.secret_arn])
        )
        function = awslambda.Function(
            self,
            "doorkeeper",
            function_name=name,
            description="Lets CloudFront in, and nobody else",
            runtime=runtime_of(self._stage),
            architecture=architecture_of(self._stage),
            handler="index.handler",
            code=awslambda.Code.from_inline(_DOORKEEPER),
            role=role,
            memory_size=256,
            timeout=Duration.seconds(10),
            environment={"SECRET": self.secret.secret_arn},
            log_group=log_group,
            logging_format=awslambda.LoggingFormat.JSON,
        )
        return authorizers.HttpLambdaAuthorizer(
            "Doorkeeper",
            function,
            authorizer_name=name,
            identity_source=[f"$request.header.{schema.ORIGIN_HEADER}"],
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            results_cache_ttl=_REMEMBERED,
        )

    def _open(self) -> None:
        """Serve the routes at the API's root, with a log of who asked what and how long it took."""
        full_name = f"/aws/apigateway/{self._stage.named('http')}"
        log_group = make_log_group(Stack.of(self), "http-access-logs", full_name)
        fields = {
            "request": "$context.requestId",
            "method": "$context.httpMethod",
            "route": "$context.routeKey",
            "status": "$context.status",
            "milliseconds": "$context.responseLatency",
            "fault": "$context.integrationErrorMessage",
        }
        apigateway.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                detailed_metrics_enabled=True, throttling_burst_limit=1000, throttling_rate_limit=500
            ),
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn,
                format="{" + ",".join(f'"{name}":"{value}"' for name, value in fields.items()) + "}",
            ),
        )
