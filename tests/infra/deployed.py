"""A shop that was deployed on ministack, as people, machines and functions ask it."""

import contextlib
import json
import os
from pathlib import Path
from unittest.mock import patch

import httpx
from deployable import CREDENTIALS, bodega
from engines import aws_client
from places import Place
from postbox import Letter

from bodega.settings import Settings


class Deployed(Place):
    """A deployed stage: what `bodega deploy` said of it, and clients of it."""

    def __init__(self, told):
        self.outputs, self.variables, self.said, self.server = (
            told[name] for name in ("outputs", "settings", "said", "server")
        )
        self.first_search = told.get("first_search")
        super().__init__(address=self.outputs["Address"], staff=told["staff"], folder=Path(told["folder"]))
        secrets = aws_client("secretsmanager", self.server)
        self._origin_secret = secrets.get_secret_value(SecretId=f"bodega/{self.stage}/origin")["SecretString"]

    def way(self):
        return _CloudFront(self.server, {"/media/": self.outputs["DistributionDomain"]}, self.gateway())

    def gateway(self):
        """Return the headers by which the server knows the HTTP API, and the HTTP API knows CloudFront."""
        name = self.outputs["ApiAddress"].removeprefix("https://").partition(".")[0]
        port = self.server.rpartition(":")[2]
        return {"host": f"{name}.execute-api.localhost:{port}", "x-bodega-origin": self._origin_secret}

    def client(self, **headers):
        """Return a client of whatever of the server has this host's name, and nothing in between."""
        return httpx.Client(base_url=self.server, headers=headers, timeout=120)

    def post(self):
        """Return what SES was handed."""
        sent = httpx.get(f"{self.server}/_ministack/ses/messages", timeout=120).json()["messages"]
        return [
            Letter(to, letter["Subject"], letter["BodyText"])
            for of_account in sent.values()
            for letter in of_account
            for to in letter["To"]
        ]

    def log(self):
        logs = aws_client("logs", self.server)
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/bodega-{self.stage}-")["logGroups"]
        for name in (group["logGroupName"] for group in groups):
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                yield from (f"{name}: {event['message']}" for event in page["events"])

    def publishes(self, device, location, payload):
        topic = f"bodega-{self.stage}/counts/{location}/{device}"
        aws_client("iot-data", self.server).publish(topic=topic, qos=1, payload=payload)

    def settings(self):
        return Settings.from_env(self.variables | {"BODEGA_DATA_DIR": str(self.folder / "commands")})

    @contextlib.contextmanager
    def bank(self):
        with patch.dict(os.environ, CREDENTIALS), super().bank() as shop:
            yield shop

    @property
    def stage(self):
        return self.variables["BODEGA_AWS_STAGE"]

    def command(self, *arguments):
        """Run a command of ours about this shop, with a folder of this machine for what it keeps meanwhile."""
        return bodega(*arguments, "--data", self.folder / "commands", server=self.server, **self.variables)

    def does(self, duty):
        """Call the function that schedules call."""
        self.invoke("schedule", {"duty": duty})

    def invoke(self, function, event):
        """Call a function as AWS would, and return what it answers."""
        name = f"bodega-{self.stage}-{function}"
        answer = self.functions().invoke(FunctionName=name, Payload=json.dumps(event))
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body

    def functions(self):
        return aws_client("lambda", self.server)


class _CloudFront(httpx.HTTPTransport):
    """Does what the distribution does: some paths to hosts of their own, all others on with these headers.

    The server plays distributions of buckets only, and has neither their names nor TLS.
    """

    def __init__(self, server, hosts, headers):
        super().__init__()
        self._server, self._hosts, self._headers = httpx.URL(server), hosts, headers

    def handle_request(self, request):
        own = [host for path, host in self._hosts.items() if request.url.path.startswith(path)]
        headers = request.headers.copy()
        headers.update({"host": own[0]} if own else self._headers)
        onward = self._server.copy_with(raw_path=request.url.raw_path)
        return super().handle_request(
            httpx.Request(request.method, onward, headers=headers, stream=request.stream, extensions=request.extensions)
        )


def key_of(command):
    """Return the headers of somebody who may do everything, by a command of ours that is about a deployed stage."""
    made = command("key", "create", "--scope", "admin", "--name", "owner", "--json")
    assert made.returncode == 0, made.stderr
    return {"authorization": f"Bearer {json.loads(made.stdout)['token']}"}
