"""What AWS refuses is told in one line that says what to do."""

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    UnauthorizedSSOTokenError,
)

from bodega.adapters.aws.deploy_refusals import refusal
from bodega.errors import NotAllowedError, UnavailableError

DENIED = (
    "User: arn:aws:iam::123456789012:user/eve is not authorized to perform: dynamodb:CreateTable on resource: "
    "arn:aws:dynamodb:eu-west-1:123456789012:table/bodega-dev-orders because no identity-based policy allows it"
)


def answered(code, message="no"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "Anything")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (NoCredentialsError(), NotAllowedError, "there are no AWS credentials"),
        (ProfileNotFound(profile="x"), NotAllowedError, "AWS_PROFILE"),
        (UnauthorizedSSOTokenError(), NotAllowedError, "aws sso login"),
        (NoRegionError(), NotAllowedError, "--region"),
        (EndpointConnectionError(endpoint_url="https://sts.mars-1.amazonaws.com"), NotAllowedError, "eu-west-1"),
        (answered("ExpiredToken"), NotAllowedError, "expired"),
        (answered("ExpiredTokenException"), NotAllowedError, "expired"),
        (answered("InvalidClientTokenId"), NotAllowedError, "does not know these credentials"),
        (answered("SignatureDoesNotMatch"), NotAllowedError, "secret key"),
        (answered("OptInRequired"), UnavailableError, "switched on"),
        (answered("AccessDenied", DENIED), NotAllowedError, "dynamodb:CreateTable on arn:aws:dynamodb"),
        (answered("UnauthorizedOperation", DENIED), NotAllowedError, "dynamodb:CreateTable"),
        (answered("AccessDenied", "<html>"), NotAllowedError, "doing it needs a permission"),
        (answered("Strange", "x" * 10_000), UnavailableError, "doing it failed"),
    ],
)
def test_a_refusal_says_what_to_do_in_one_line(error, kind, said):
    told = refusal(error, doing="doing it", region="eu-west-1")

    assert isinstance(told, kind)
    assert said in told.message
    assert "\n" not in told.message
    assert len(told.message) < 500


def test_what_is_no_refusal_is_let_through():
    with pytest.raises(KeyError):
        refusal(KeyError("a bug"), doing="doing it", region="eu-west-1")
