"""Have CloudFormation make, change and remove stacks, and tell in one line why it did not."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from bodega.adapters.aws.assembly import Plan
from bodega.adapters.aws.deploy_refusals import refusal
from bodega.errors import ConflictError, UnavailableError

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-describing-stacks.html
_HALF_MADE = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"})
_STUCK = frozenset({"UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"})
_MAX_REASON = 300
_SOONER = 16  # so much earlier than usual is the first look
Sleep = Callable[[float], None]


class HalfMadeError(ConflictError):
    """A stack was left in a state from which it cannot be deployed."""

    code = "half_made_stack"


class Stacks:
    """The stacks of one region."""

    def __init__(self, cloudformation: Any, *, region: str, sleep: Sleep = time.sleep, look_seconds: float = 3) -> None:
        """Take boto3's client, and how often to look at what is under way once it takes long."""
        self._api = cloudformation
        self._region = region
        self._sleep = sleep
        self._look_seconds = look_seconds

    def find(self, name: str) -> Any | None:
        """Return CloudFormation's description of a stack, None if there is none."""
        try:
            found = self._call("looking at stacks", self._api.describe_stacks, StackName=name)["Stacks"][0]
        except _AbsentError:
            return None
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def check(self, plan: Plan, stage: str) -> None:
        """Raise HalfMadeError in one line if a stack is in no state to be deployed."""
        found = self.find(plan.name)
        status = found["StackStatus"] if found is not None else ""
        if status in _HALF_MADE:
            raise HalfMadeError(
                f"stack {plan.name} was left half made ({status}): "
                f"bodega destroy --stage {stage} --only {plan.id.lower()} removes it, then again"
            )
        if status in _STUCK:
            raise HalfMadeError(
                f"stack {plan.name} is stuck ({status}): continue its rollback in CloudFormation's console, then again"
            )
        if status.endswith("_IN_PROGRESS"):
            raise HalfMadeError(f"somebody else is at work on stack {plan.name} ({status}): wait, then again")

    def deploy(self, plan: Plan, *, template_url: str, parameters: Mapping[str, str]) -> bool:
        """Make a stack, or change it to what is planned; False if nothing had to be done."""
        found = self.find(plan.name)
        wanted: dict[str, Any] = {
            "StackName": plan.name,
            "TemplateURL": template_url,
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": key, "Value": value} for key, value in plan.tags.items()],
        }
        if found is None:
            self._call(
                f"making stack {plan.name}",
                self._api.create_stack,
                **wanted,
                EnableTerminationProtection=plan.protected,
            )
        else:
            try:
                self._call(f"changing stack {plan.name}", self._api.update_stack, **wanted)
            except _NothingToDoError:
                return False
        self._await(plan.name)
        return True

    def outputs(self, name: str) -> Mapping[str, str]:
        """Return what a stack says of itself, nothing if there is none."""
        found = self.find(name)
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())} if found is not None else {}

    def resources(self, name: str, kind: str) -> list[str]:
        """Return the physical ids of a stack's resources of one type."""
        pages = self._api.get_paginator("list_stack_resources").paginate(StackName=name)
        return [
            one["PhysicalResourceId"]
            for page in pages
            for one in page["StackResourceSummaries"]
            if one["ResourceType"] == kind and one.get("PhysicalResourceId")
        ]

    def delete(self, name: str, *, protected: bool = False) -> bool:
        """Remove a stack, even one that refuses it by itself if `protected` is true; False if there is none."""
        if self.find(name) is None:
            return False
        doing = f"removing stack {name}"
        if protected:
            self._call(
                doing, self._api.update_termination_protection, StackName=name, EnableTerminationProtection=False
            )
        self._call(doing, self._api.delete_stack, StackName=name)
        self._await(name, gone=True)
        return True

    # -- inside --------------------------------------------------------------------------------------------

    def _await(self, name: str, *, gone: bool = False) -> None:
        """Wait until a stack is made or gone; what is over soon is looked at soon, and what takes long less often."""
        pause = self._look_seconds / _SOONER
        while True:
            found = self.find(name)
            if found is None:
                if gone:
                    return
                raise UnavailableError(f"stack {name} disappeared while it was made: did somebody else delete it?")
            status = found["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} and not gone:
                    return
                raise UnavailableError(f"stack {name} failed ({status}): {self._reason(name)}")
            self._sleep(pause)
            pause = min(2 * pause, self._look_seconds)

    def _reason(self, name: str) -> str:
        """Return the first thing that failed; what failed afterwards was only cancelled."""
        events = self._call("looking at events", self._api.describe_stack_events, StackName=name)["StackEvents"]
        failed = [
            event
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED")
            and "cancelled" not in event.get("ResourceStatusReason", "").lower()
        ]
        if not failed:
            return "CloudFormation's console has its events"
        first = failed[-1] if failed[0]["LogicalResourceId"] == name else failed[0]
        said = " ".join(str(first.get("ResourceStatusReason", "no reason given")).split())[:_MAX_REASON]
        advice = ""
        if "already exists" in said:
            advice = " (something of that name is not this stack's: remove it, or choose another stage)"
        return f"{first['LogicalResourceId']}: {said}{advice}"

    def _call(self, doing: str, call: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return call(**arguments)
        except ClientError as error:
            message = error.response.get("Error", {}).get("Message", "")
            if "does not exist" in message and "Stack" in message:
                raise _AbsentError from error
            if "No updates are to be performed" in message:
                raise _NothingToDoError from error
            raise refusal(error, doing=doing, region=self._region) from error
        except (BotoCoreError, WaiterError) as error:
            raise refusal(error, doing=doing, region=self._region) from error


class _AbsentError(Exception):
    """There is no such stack."""


class _NothingToDoError(Exception):
    """The stack is as it should be."""
