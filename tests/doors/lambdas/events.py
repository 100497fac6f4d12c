"""Events as AWS writes them, after payloads that its documentation shows, and a context as Lambda gives one."""

import json
from base64 import b64decode, b64encode
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import msgspec

from bodega.ports.queue import Message
from bodega.ports.table import Event

ACCOUNT = "arn:aws:{}:eu-west-1:123456789012:{}"


class Context(NamedTuple):
    """What Lambda tells a handler beside the event."""

    left_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


class Answer(NamedTuple):
    """What the gateway makes of a function's answer."""

    status_code: int
    headers: dict[str, str]
    content: bytes
    cookies: list[str]

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()


def http_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: dict[str, str] | None = None,
    cookies: list[str] | None = None,
    body: bytes | None = None,
    stage: str = "$default",
    source_ip: str = "203.0.113.7",
) -> dict[str, Any]:
    """An event of an HTTP API in payload format 2.0; a body that is not text comes in base64."""
    host = "r3pmxmplak.execute-api.eu-west-1.amazonaws.com"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path if stage == "$default" else f"/{stage}{path}",
        "rawQueryString": query,
        "headers": {"host": host, "x-forwarded-proto": "https", "x-forwarded-port": "443", **(headers or {})},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "domainName": host,
            "domainPrefix": "r3pmxmplak",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": stage,
            "time": "23/Nov/2026:09:00:00 +0000",
            "timeEpoch": 1795424400000,
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if body is not None:
        try:
            event["body"] = body.decode()
        except UnicodeDecodeError:
            event |= {"body": b64encode(body).decode(), "isBase64Encoded": True}
        event["headers"]["content-length"] = str(len(body))
    return event


def ask(handler: Any, method: str, path: str, *, json_body: Any = None, **options: Any) -> Answer:
    """Ask a handler as the gateway does, and read its answer as the gateway does, which takes JSON."""
    if json_body is not None:
        options["body"] = json.dumps(json_body).encode()
        options["headers"] = {"content-type": "application/json", **options.get("headers", {})}
    answer = json.loads(json.dumps(handler(json.loads(json.dumps(http_event(method, path, **options))), Context())))
    assert answer.keys() <= {"statusCode", "headers", "body", "isBase64Encoded", "cookies"}
    assert all(isinstance(value, str) for value in answer["headers"].values())
    content = b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    return Answer(answer["statusCode"], answer["headers"], content, answer.get("cookies", []))


def queue_event(queue: str, messages: list[Message], *, stage: str = "test") -> dict[str, Any]:
    """An event of SQS with these messages."""
    return {"Records": [queue_record(queue, message, stage=stage) for message in messages]}


def queue_record(queue: str, message: Message, *, stage: str = "test") -> dict[str, Any]:
    try:
        body, marks = message.body.decode(), {}
    except UnicodeDecodeError:
        body = b64encode(message.body).decode()
        marks = {"encoding": {"stringValue": "base64", "dataType": "String"}}
    marks["id"] = {"stringValue": message.id, "dataType": "String"}
    return {
        "messageId": f"aws-{message.id}",
        "receiptHandle": message.receipt,
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(message.attempt),
            "SentTimestamp": "1795424400000",
            "SenderId": "123456789012",
            "ApproximateFirstReceiveTimestamp": "1795424400010",
        },
        "messageAttributes": marks,
        "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
        "eventSource": "aws:sqs",
        "eventSourceARN": ACCOUNT.format("sqs", f"bodega-{stage}-{queue}"),
        "awsRegion": "eu-west-1",
    }


def stream_record(
    number: int, event: Event | None, *, kind: str = "INSERT", stream: str = "waiting#1"
) -> dict[str, Any]:
    """A change of the outbox, by its number in the stream; without an event one that announces nothing."""
    place = f"{1795424400000 + number:015d}.{number:012d}.0123456789abcdef"
    keys = {"stream": {"S": stream}, "place": {"S": place}}
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": 1795424400,
        "Keys": keys,
        "SequenceNumber": f"{number:021d}",
        "SizeBytes": 120,
        "StreamViewType": "NEW_IMAGE",
    }
    if event is not None:
        change["NewImage"] = keys | {"event": {"B": b64encode(msgspec.msgpack.encode(event)).decode()}}
    return {
        "eventID": f"c4ca4238a0b923820dcc509a6f75849b{number}",
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN": ACCOUNT.format("dynamodb", "table/bodega-test-outbox/stream/2026-11-23T09:00:00.000"),
    }


def notified(key: str, *, version: str = "2.1") -> dict[str, Any]:
    """A record of S3's own notification."""
    return {
        "eventVersion": version,
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-11-23T09:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": "bodega-test-objects", "arn": "arn:aws:s3:::bodega-test-objects"},
            "object": {"key": quote_plus(key, safe="/"), "size": 5, "eTag": "d41d8cd98f00b204e9800998ecf8427e"},
        },
    }
