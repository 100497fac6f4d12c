"""The bucket that packages are uploaded to is ours, or nothing is uploaded."""

import boto3
import pytest
from botocore.stub import Stubber

from bodega.adapters.aws.assembly import File
from bodega.adapters.aws.asset_bucket import AssetBucket
from bodega.errors import NotAllowedError

NAME = "bodega-assets-123456789012-eu-west-1"
OWN = {"Bucket": NAME, "ExpectedBucketOwner": "123456789012"}


@pytest.fixture
def s3():
    return boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "package.zip"
    path.write_bytes(b"package")
    return File(path, "bodega-assets-${AWS::AccountId}-${AWS::Region}", "abc.zip")


def test_a_bucket_of_somebody_else_gets_nothing(s3, file):
    with Stubber(s3) as answers:
        answers.add_client_error("head_bucket", "403", http_status_code=403, expected_params=OWN)

        with pytest.raises(NotAllowedError, match=f"bucket {NAME} belongs to somebody else"):
            AssetBucket(s3, account="123456789012", region="eu-west-1").upload(file)


def test_a_name_that_somebody_else_took_meanwhile_gets_nothing(s3, file):
    with Stubber(s3) as answers:
        answers.add_client_error("head_bucket", "404", http_status_code=404)
        answers.add_client_error("create_bucket", "BucketAlreadyExists", http_status_code=409)

        with pytest.raises(NotAllowedError, match="belongs to somebody else"):
            AssetBucket(s3, account="123456789012", region="eu-west-1").upload(file)


def test_what_is_there_is_not_sent_again(s3, file):
    with Stubber(s3) as answers:
        answers.add_response("head_bucket", {}, OWN)
        answers.add_response("head_object", {}, {**OWN, "Key": "abc.zip"})

        address = AssetBucket(s3, account="123456789012", region="eu-west-1").upload(file)

    assert address == f"https://{NAME}.s3.eu-west-1.amazonaws.com/abc.zip"
