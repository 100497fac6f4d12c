"""Templates as ministack 1.5.33 can deploy them, and the commands that do it.

AWS gets the templates as they are. What is left out or written otherwise here is what this server does not know, or
takes otherwise than AWS does.
"""

import json
import shutil
from pathlib import Path

from engines import REGION, ministack
from synthesis import run_bodega

UNKNOWN = {
    "AWS::Budgets::Budget",
    "AWS::CloudFront::VpcOrigin",
    "AWS::EC2::FlowLog",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::WAFv2::LoggingConfiguration",
}
NOT_BUILT = "not built: bodega package"
_POLICIES = {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"}
_OF_NOTHING = ("ses:Send", "servicediscovery:Discover")
_OF_RESOURCES = {"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"}


def deployable(folder, into, *, built=True, settings=None):
    """Copy an assembly for ministack; with `built`, an empty function stands for a package that is not.

    `settings` are told to the functions, as `bodega synth --set` would have, but without making the templates again.
    """
    shutil.copytree(folder, into, copy_function=_copied)
    for path in into.glob("*.template.json"):
        template = json.loads(path.read_text())
        known = {name: resource for name, resource in template["Resources"].items() if not _is_unknown(resource)}
        secrets = {name: _arn(r) for name, r in known.items() if r["Type"] == "AWS::SecretsManager::Secret"}
        template["Resources"] = resources = {}
        for name, resource in known.items():
            if _opens_a_shop(resource):
                # Here all functions have one /tmp.
                own = {"BODEGA_DATA_DIR": str(into / "tmp" / name)}
                resource["Properties"]["Environment"]["Variables"] |= own | (settings or {})
            if "ScalingConfig" in resource.get("Properties", {}):
                # It starts a function anew for every message that finds it busy, which takes this machine seconds.
                resource["Properties"]["ScalingConfig"]["MaximumConcurrency"] = 1
            if resource["Type"] in _POLICIES:
                resources[name] = _with_batches(_replaced(resource, secrets))
            elif resource["Type"] not in _OF_RESOURCES or _without_tls(resource):
                resources[name] = resource
        for name, output in template.get("Outputs", {}).items():
            if "RefMaster" in name:  # other stacks grant it, and nothing else
                template["Outputs"][name] = _replaced(output, secrets)
        # It speaks no TLS, to which CloudFront would send browsers.
        text = json.dumps(template).replace("redirect-to-https", "allow-all")
        path.write_text(text.replace(NOT_BUILT, "built") if built else text)
    return into


def _copied(source, target):
    """Copy a template, and point to a package, which is large and never changed."""
    if source.endswith(".zip"):
        Path(target).symlink_to(Path(source).resolve())
    else:
        shutil.copy2(source, target)


def _is_unknown(resource):
    # An alarm over several metrics is refused as well, and it makes no keys for a sender's domain.
    properties = resource.get("Properties", {})
    return resource["Type"] in UNKNOWN or "Metrics" in properties or "DkimDNSToken" in json.dumps(properties)


def _opens_a_shop(resource):
    return "BODEGA_CLOUD" in resource.get("Properties", {}).get("Environment", {}).get("Variables", {})


def _arn(secret):
    """Return a secret's ARN: AWS gives it by Ref, ministack the name."""
    name = secret["Properties"]["Name"]
    return {"Fn::Sub": f"arn:aws:secretsmanager:${{AWS::Region}}:${{AWS::AccountId}}:secret:{name}-*"}


def _replaced(value, instead):
    if isinstance(value, dict):
        if set(value) == {"Ref"} and value["Ref"] in instead:
            return instead[value["Ref"]]
        return {key: _replaced(one, instead) for key, one in value.items()}
    return [_replaced(one, instead) for one in value] if isinstance(value, list) else value


def _with_batches(policy):
    """Name batches of messages, another permission to ministack, and let go of resources that it does not know."""
    for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        batches = {"sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"} & set(actions)
        statement["Action"] = [*actions, *(f"{action}Batch" for action in sorted(batches))]
        if actions[0].startswith(_OF_NOTHING):  # to this server a letter is no identity's, and a name no namespace's
            statement["Resource"] = "*"
            statement.pop("Condition", None)
    return policy


def _without_tls(policy):
    """Take out what refuses whoever does not speak TLS, which this server does not; tell whether anything is left."""
    document = policy["Properties"]["PolicyDocument"]
    document["Statement"] = [
        statement
        for statement in document["Statement"]
        if "aws:SecureTransport" not in json.dumps(statement) and "s3:TlsVersion" not in json.dumps(statement)
    ]
    return bool(document["Statement"])


CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def bodega(*arguments, server=None, **environment):
    """Run a command of ours against a ministack that checks signatures and permissions: this one, or one for all."""
    place = {"BODEGA_AWS_REGION": REGION, "BODEGA_AWS_ENDPOINT": server or ministack(auth=True)}
    return run_bodega(*arguments, **(CREDENTIALS | place | environment))
