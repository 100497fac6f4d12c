"""A shop that was deployed on ministack, as people, machines and functions ask it."""

import json

import httpx
from deployable import bodega
from engines import aws_client, ministack


class Deployed:
    """A deployed stage: what it said of itself, and clients of it."""

    def __init__(self, told, folder):
        self.outputs, self.settings = told["outputs"], told["settings"]
        self.address = ministack(auth=True)
        self.folder = folder
        secrets = aws_client("secretsmanager", self.address)
        self.origin_secret = secrets.get_secret_value(SecretId="bodega/small/origin")["SecretString"]

    def api(self, **headers):
        """Return a client of the HTTP API, as CloudFront is one."""
        name = self.outputs["ApiAddress"].removeprefix("https://").partition(".")[0]
        port = self.address.rpartition(":")[2]
        host = f"{name}.execute-api.localhost:{port}"
        return self.client(host, **{"x-bodega-origin": self.origin_secret} | headers)

    def client(self, host, **headers):
        return httpx.Client(base_url=self.address, headers={"host": host} | headers, timeout=120)

    def environment(self):
        return {**self.settings, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def command(self, *arguments):
        """Run a command of ours about this shop."""
        return bodega(*arguments, **self.environment())

    def staff(self):
        """Return the header of somebody who may do everything, made from where it was deployed."""
        key = ("--scope", "admin", "--name", "owner", "--data", self.folder / "key", "--json")
        made = self.command("key", "create", *key)
        assert made.returncode == 0, made.stderr
        return {"authorization": f"Bearer {json.loads(made.stdout)['token']}"}

    def invoke(self, function, event):
        """Call a function as AWS would, and return what it answers."""
        name = f"bodega-{self.settings['BODEGA_AWS_STAGE']}-{function}"
        answer = self.functions().invoke(FunctionName=name, Payload=json.dumps(event))
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body

    def functions(self):
        return aws_client("lambda", self.address)
