"""Read what CDK wrote: stacks in the order in which they depend on each other, their templates and their files.

Source: https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/cloud-assembly-schema
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from bodega.errors import InvalidError

NOT_BUILT = b"not built: bodega package"


class File(msgspec.Struct, frozen=True):
    """Something that CloudFormation fetches from a bucket: a template or a package."""

    path: Path
    bucket: str
    key: str


class Plan(msgspec.Struct, frozen=True):
    """One stack. region is empty for the one that is deployed to. needs: ids of stacks that must be there before."""

    id: str
    name: str
    template: Path
    template_file: File
    files: tuple[File, ...]
    parameters: frozenset[str]
    kinds: dict[str, int]
    needs: tuple[str, ...] = ()
    region: str = ""
    protected: bool = False
    tags: dict[str, str] = {}


def read_assembly(folder: Path) -> Sequence[Plan]:
    """Return the stacks in `folder`, each behind those it needs; InvalidError if that is no assembly."""
    try:
        artifacts = _json(folder / "manifest.json")["artifacts"]
        plans = [
            _plan(folder, name, artifact, artifacts)
            for name, artifact in artifacts.items()
            if artifact["type"] == "aws:cloudformation:stack"
        ]
    except (OSError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise InvalidError(f"{folder} holds no templates that bodega synth wrote: {error!r:.100}") from error
    return _ordered(plans)


def unbuilt(plans: Sequence[Plan]) -> Sequence[str]:
    """Return the names of stacks whose templates hold a mark in the place of a package."""
    return [plan.name for plan in plans if NOT_BUILT in plan.template.read_bytes()]


def _plan(folder: Path, name: str, artifact: Any, artifacts: Any) -> Plan:
    properties = artifact["properties"]
    template = folder / properties["templateFile"]
    document = _json(template)
    needs = artifact.get("dependencies", ())
    listed = [artifacts[one]["properties"]["file"] for one in needs if artifacts[one]["type"] == "cdk:asset-manifest"]
    wanted = _wanted(template.read_text(), properties["stackTemplateAssetObjectUrl"])
    files = {
        destination["objectKey"]: File(
            folder / file["source"]["path"], destination["bucketName"], destination["objectKey"]
        )
        for listing in listed
        for file in _json(folder / listing)["files"].values()
        for destination in file["destinations"].values()
        if destination["objectKey"] in wanted
    }
    template_key = properties["stackTemplateAssetObjectUrl"].rpartition("/")[2]
    bucket = files.pop(template_key).bucket
    # By what is in it now: CDK's name is of what it wrote, and templates are edited sometimes.
    template_file = File(template, bucket, f"{sha256(template.read_bytes()).hexdigest()}.json")
    region = artifact["environment"].rpartition("/")[2]
    return Plan(
        id=name,
        name=properties["stackName"],
        template=template,
        template_file=template_file,
        files=tuple(files.values()),
        parameters=frozenset(document.get("Parameters", ())),
        kinds=dict(Counter(resource["Type"] for resource in document["Resources"].values())),
        needs=tuple(one for one in needs if artifacts[one]["type"] == "aws:cloudformation:stack"),
        region="" if region == "unknown-region" else region,
        protected=bool(properties.get("terminationProtection")),
        tags=dict(properties.get("tags", {})),
    )


class _Wanted:
    """The keys that a template or its own address mention."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._text


def _wanted(template: str, address: str) -> _Wanted:
    return _Wanted(template + address)


def _ordered(plans: Sequence[Plan]) -> Sequence[Plan]:
    done: dict[str, Plan] = {}
    left = list(plans)
    while left:
        ready = [plan for plan in left if set(plan.needs) <= set(done)]
        if not ready:
            raise InvalidError(f"these stacks need each other: {', '.join(plan.id for plan in left)}")
        done |= {plan.id: plan for plan in ready}
        left = [plan for plan in left if plan.id not in done]
    return list(done.values())


def _json(path: Path) -> Any:
    return msgspec.json.decode(path.read_bytes())
