"""The client against a server that answers from a script: what no engine on this machine does on its own."""

import gc
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import pytest

from bodega.adapters.aws import connections
from bodega.adapters.aws.dynamo import DynamoClient, DynamoError
from bodega.adapters.aws.retry import Again, Backoff, Retry, RetryBudget
from bodega.adapters.aws.signing import Credentials, Signer
from bodega.adapters.system.clock import SystemClock
from bodega.errors import UnavailableError
from bodega.ports.table import ThrottledError

THROTTLE = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"})
CONFLICT = (
    400,
    {"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "TransactionConflict"}]},
)
LOST = (400, {"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "ConditionalCheckFailed"}]})
BROKEN = (500, {"__type": "x#InternalServerError"})
DONE = (200, {"done": True})
HANG_UP = (0, {})


class Fixed:
    def current(self):
        return Credentials("key", "secret", "session")


@pytest.fixture
def scripted():
    """Return a function that makes a client of a server with these answers, and the list of what was asked."""
    servers = []

    def start(*answers, budget=None):
        script, asked, slept = list(answers), [], []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                told = dict(self.headers) | {"connection from": self.client_address}
                asked.append((self.headers["x-amz-target"], json.loads(body), told))
                status, answer = script.pop(0)
                if status == 0:
                    self.close_connection = True
                    return
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        host = f"127.0.0.1:{server.server_port}"
        signer = Signer(service="dynamodb", region="eu-west-1", host=host, credentials=Fixed(), now=SystemClock().now)
        retry = Retry(backoff=Backoff(), budget=budget or RetryBudget(), random=Random(1), sleep=slept.append)
        client = DynamoClient(endpoint_url=f"http://{host}", signer=signer, retry=retry)
        servers.append((server, client))
        return client, asked, slept

    yield start
    for server, client in servers:
        client.close()
        server.shutdown()
        server.server_close()


def test_an_answer_comes_back_and_the_request_is_signed_with_the_session(scripted):
    client, asked, _ = scripted(DONE)

    assert client.call("GetItem", {"a": 1}, repeatable=True) == {"done": True}

    target, body, headers = asked[0]
    assert (target, body) == ("DynamoDB_20120810.GetItem", {"a": 1})
    assert headers["x-amz-security-token"] == "session"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")


def test_calls_follow_each_other_over_one_connection_until_the_server_ends_it(scripted):
    """A connection to AWS costs more than a call: a handshake of TLS, and three ways there and back."""
    client, asked, _ = scripted(DONE, BROKEN, DONE, HANG_UP, DONE, DONE)

    for _ in range(4):
        client.call("GetItem", {"text": "x" * 5000}, repeatable=True)

    came_from = [headers["connection from"] for _, _, headers in asked]
    assert len(asked) == 6
    assert len(set(came_from[:4])) == 1
    assert len(set(came_from[4:])) == 1
    assert came_from[3] != came_from[4]


def test_a_connection_that_was_idle_for_long_is_not_trusted_with_a_call(scripted, monkeypatch):
    client, asked, _ = scripted(DONE, DONE)

    client.call("GetItem", {}, repeatable=True)
    monkeypatch.setattr(connections, "_IDLE_SECONDS", 0)
    client.call("PutItem", {}, repeatable=False)

    assert len({headers["connection from"] for _, _, headers in asked}) == 2


def test_conflicts_are_repeated_without_drawing_on_the_budget(scripted):
    budget = RetryBudget(capacity=0)
    client, asked, slept = scripted(*[CONFLICT] * 5, DONE, budget=budget)

    client.call("TransactWriteItems", {}, repeatable=True)

    assert len(asked) == 6
    assert len(slept) == 5


def test_a_throttle_is_repeated_as_long_as_the_budget_lasts(scripted):
    client, asked, _ = scripted(THROTTLE, DONE)
    client.call("GetItem", {}, repeatable=True)
    assert len(asked) == 2

    poor, asked, _ = scripted(THROTTLE, DONE, budget=RetryBudget(capacity=1))
    with pytest.raises(ThrottledError):
        poor.call("GetItem", {}, repeatable=True)
    assert len(asked) == 1


def test_a_service_that_only_throttles_is_asked_a_bounded_number_of_times(scripted):
    client, asked, _ = scripted(*[THROTTLE] * 99, budget=RetryBudget(capacity=50, cost=5))

    for _ in range(30):
        with pytest.raises(ThrottledError):
            client.call("GetItem", {}, repeatable=True)

    assert len(asked) == 30 + 10


def test_a_lost_condition_is_never_repeated(scripted):
    client, asked, _ = scripted(LOST, DONE)

    with pytest.raises(DynamoError):
        client.call("TransactWriteItems", {}, repeatable=True)

    assert len(asked) == 1


@pytest.mark.parametrize("fault", [BROKEN, HANG_UP], ids=["status 500", "no answer"])
def test_a_call_without_an_answer_is_repeated_only_if_a_second_effect_would_be_none(scripted, fault):
    client, asked, _ = scripted(fault, DONE, fault, DONE)

    assert client.call("PutItem", {}, repeatable=True) == {"done": True}
    with pytest.raises(UnavailableError):
        client.call("UpdateItem", {}, repeatable=False)

    assert len(asked) == 3


@pytest.mark.parametrize(
    "code",
    ["UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "AccessDeniedException"],
)
def test_who_is_not_let_in_is_told_so_in_one_line(scripted, code):
    client, _, _ = scripted((400, {"__type": f"x#{code}", "message": "no"}))

    with pytest.raises(UnavailableError) as refusal:
        client.call("GetItem", {}, repeatable=True)

    assert "\n" not in str(refusal.value)
    assert "AWS" in str(refusal.value)


def test_a_missing_table_and_an_unreachable_endpoint_are_told_apart(scripted):
    client, _, _ = scripted((400, {"__type": "x#ResourceNotFoundException", "message": "no"}))
    with pytest.raises(UnavailableError, match="no such table"):
        client.call("GetItem", {}, repeatable=True)

    nowhere = DynamoClient(
        endpoint_url="http://127.0.0.1:9",
        signer=Signer(service="dynamodb", region="r", host="127.0.0.1:9", credentials=Fixed(), now=SystemClock().now),
        retry=Retry(backoff=Backoff(), budget=RetryBudget(), random=Random(1), sleep=lambda _: None),
    )
    with pytest.raises(UnavailableError, match="cannot be reached"):
        nowhere.call("GetItem", {}, repeatable=True)


def test_waits_grow_up_to_the_cap_and_are_drawn_from_zero():
    slept = []
    retry = Retry(
        backoff=Backoff(contention_attempts=50, base_seconds=1, cap_seconds=8),
        budget=RetryBudget(),
        random=Random(7),
        sleep=slept.append,
    )

    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        retry.call(fail, lambda _: Again.CONTENTION)

    assert len(slept) == 49
    assert all(0 <= wait <= min(8, 2 ** (made + 1)) for made, wait in enumerate(slept))
    assert max(slept) > 7
    assert min(slept) < 1


def test_connections_that_nobody_holds_any_more_are_closed(scripted):
    # A function has no end at which it could close them, and the next that asks would find the server's places taken.
    client, asked, _ = scripted(DONE, DONE)
    client.call("GetItem", {}, repeatable=True)
    host = {name.lower(): value for name, value in asked[0][2].items()}["host"]
    kept = connections.Connections(f"http://{host}")
    kept.post({"host": host, "x-amz-target": "again"}, b"{}")
    ((connection, _),) = kept._idle

    del kept
    gc.collect()

    assert connection.fileno() == -1
