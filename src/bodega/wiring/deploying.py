"""Deploy the stacks that CDK wrote, and remove them: in the order that they need, each told what the others are."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bodega.adapters.aws.assembly import Plan, read_assembly, unbuilt
from bodega.adapters.aws.asset_bucket import AssetBucket, empty
from bodega.adapters.aws.deploy_refusals import refusal
from bodega.adapters.aws.stacks import Stacks
from bodega.errors import InvalidError, UnavailableError

DATA = "Data"
APP = "App"
_FOR_OTHER_STACKS = "ExportsOutput"  # how CDK calls what one stack tells another
# Parameter -> the stack and the output it comes from, and what it is before there is one.
_FROM_STACKS: Mapping[str, tuple[str, str, str | None]] = {
    "Distribution": ("Edge", "DistributionId", "none"),
    "PublicUrl": ("Edge", "Address", ""),
    "AclArn": ("Guard", "AclArn", None),
    "CertificateArn": ("Guard", "CertificateArn", None),
}
_CLOUDFRONT = "com.amazonaws.global.cloudfront.origin-facing"
_PUBLISH = "publish-search-snapshot"  # a duty of bodega.lambdas.duties, which needs a shop's libraries
_LONGEST_DUTY_SECONDS = 900  # no function runs longer
_MAX_REASON = 300
PLACES = ("data", "functions", "app", "guard", "edge", "watch")
_GUARD_REGION = "us-east-1"
Tell = Callable[[str], None]


class Identity(NamedTuple):
    """Who deploys, and where."""

    account: str
    arn: str
    region: str


class Cloud:
    """One account and region, as whoever deploys sees them."""

    def __init__(self, *, region: str = "", endpoint: str = "", look_seconds: float = 3) -> None:
        """Find credentials and ask who they are; one line of a ShopError if that cannot be told."""
        try:
            self._session = boto3.Session(region_name=region or None)
            self._endpoint = endpoint
            self._look_seconds = look_seconds
            said = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError, ValueError) as error:
            raise _told(error, doing="asking who we are", region=region) from error
        self.identity = Identity(said["Account"], said["Arn"], str(self._session.region_name))

    @property
    def endpoint(self) -> str:
        """Return the address of another server with AWS's APIs, empty for AWS."""
        return self._endpoint

    def client(self, service: str, *, region: str = "", read_timeout: float = 60) -> Any:
        """Return boto3's client of a service, which waits so many seconds for an answer."""
        path_style = {"s3": {"addressing_style": "path"}} if self._endpoint else {}
        retries = {"mode": "standard", "max_attempts": 5}
        return self._session.client(
            service,
            region_name=region or None,
            endpoint_url=self._endpoint or None,
            config=Config(read_timeout=read_timeout, tcp_keepalive=True, retries=retries, **path_style),
        )

    def stacks(self, region: str = "") -> Stacks:
        """Return the stacks of a region, this one's if none is given."""
        return Stacks(
            self.client("cloudformation", region=region),
            region=region or self.identity.region,
            sleep=time.sleep,
            look_seconds=self._look_seconds,
        )

    def cloudfront_addresses(self) -> str:
        """Return the id of this region's list of the addresses that CloudFront asks from."""
        wanted = [{"Name": "prefix-list-name", "Values": [_CLOUDFRONT]}]
        try:
            found = self.client("ec2").describe_managed_prefix_lists(Filters=wanted)["PrefixLists"]
        except (BotoCoreError, ClientError) as error:
            region = self.identity.region
            raise refusal(error, doing="looking for CloudFront's addresses", region=region) from error
        if not found:
            raise UnavailableError(
                f"{self.identity.region} has no list of CloudFront's addresses: choose another region"
            )
        return str(found[0]["PrefixListId"])


class Rollout:
    """The deployment of one stage."""

    def __init__(self, cloud: Cloud, plans: Sequence[Plan], *, stage: str, tell: Tell) -> None:
        """Take the stacks in the order of their needs; `tell` hears what is being done."""
        self._cloud = cloud
        self._plans = plans
        self._stage = stage
        self._tell = tell
        self._outputs: dict[str, Mapping[str, str]] = {}
        self._changed: set[str] = set()
        self._buckets: dict[str, AssetBucket] = {}

    def check(self) -> None:
        """Raise one line if packages are missing, or a stack is in no state to be deployed; nothing was touched."""
        missing = unbuilt(self._plans)
        if missing:
            raise UnavailableError(f"packages of {', '.join(missing)} are not built: bodega package, then again")
        for plan in self._plans:
            stacks = self._cloud.stacks(plan.region)
            stacks.check(plan, self._stage)
            self._outputs[plan.id] = stacks.outputs(plan.name)

    def deploy(self) -> Mapping[str, str]:
        """Make or change all stacks, and return what they say of themselves, addresses among it."""
        given: dict[str, Mapping[str, str]] = {}
        for plan in self._plans:
            given[plan.id] = self._parameters(plan)
            self._one(plan, given[plan.id])
        # Those that come first are now told what was made after them.
        for plan in self._plans:
            known = self._parameters(plan)
            if known != given[plan.id]:
                self._one(plan, known)
        if APP in self._changed:
            self._refresh()
        return {
            name: value
            for outputs in self._outputs.values()
            for name, value in outputs.items()
            if not name.startswith(_FOR_OTHER_STACKS)
        }

    def _refresh(self) -> None:
        """Have machines that run already replaced, a few at a time, by such as start with what was deployed."""
        group = self._outputs[APP]["GroupName"]
        try:
            self._cloud.client("autoscaling").start_instance_refresh(
                AutoScalingGroupName=group,
                Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150},
            )
        except (BotoCoreError, ClientError) as error:
            region = self._cloud.identity.region
            raise refusal(error, doing=f"replacing the machines of {group}", region=region) from error
        self._tell(f"{group}: machines are being replaced")

    def expose_data(self) -> None:
        """Let the data go with their stack, if it is there: deploy it as a stage's that does not keep them."""
        for plan in self._plans:
            stacks = self._cloud.stacks(plan.region)
            self._outputs[plan.id] = stacks.outputs(plan.name)
            if plan.id == DATA and stacks.find(plan.name) is not None:
                self._one(plan, self._parameters(plan))

    def _one(self, plan: Plan, parameters: Mapping[str, str]) -> None:
        stacks = self._cloud.stacks(plan.region)
        region = plan.region or self._cloud.identity.region
        bucket = self._bucket(region)
        for file in plan.files:
            bucket.upload(file)
        self._tell(f"{plan.name}: {sum(plan.kinds.values())} resources in {region} …")
        began, was_there = time.monotonic(), stacks.find(plan.name) is not None
        changed = stacks.deploy(plan, template_url=bucket.upload(plan.template_file), parameters=parameters)
        seconds = time.monotonic() - began
        self._tell(f"{plan.name}: {f'done in {seconds:.0f} s' if changed else 'is as it should be'}")
        if changed and was_there:
            self._changed.add(plan.id)
        self._outputs[plan.id] = stacks.outputs(plan.name)

    def _bucket(self, region: str) -> AssetBucket:
        if region not in self._buckets:
            s3 = self._cloud.client("s3", region=region)
            self._buckets[region] = AssetBucket(s3, account=self._cloud.identity.account, region=region)
        return self._buckets[region]

    def _parameters(self, plan: Plan) -> dict[str, str]:
        values: dict[str, str] = {}
        for name in sorted(plan.parameters):
            if name == "Endpoint":
                values[name] = self._cloud.endpoint
            elif name == "CloudFrontAddresses":
                values[name] = self._cloud.cloudfront_addresses()
            elif name in _FROM_STACKS:
                stack, output, before = _FROM_STACKS[name]
                found = self._outputs.get(stack, {}).get(output, before)
                if found is None:
                    raise UnavailableError(f"stack {plan.name} needs {output} of {stack}, which it does not tell")
                values[name] = found
        return values


def rollout(cloud: Cloud, folder: Path, *, stage: str, tell: Tell) -> tuple[Rollout, Sequence[Plan]]:
    """Return the deployment of what `bodega synth` wrote to a folder, and the stacks it consists of.

    InvalidError if there are none, or they are another stage's.
    """
    plans = read_assembly(folder)
    if not plans or not all(plan.name.startswith(f"bodega-{stage}-") for plan in plans):
        raise InvalidError(f"{folder} holds no templates of stage {stage}: bodega synth --stage {stage} writes them")
    return Rollout(cloud, plans, stage=stage, tell=tell), plans


def publish_search(cloud: Cloud, stage: str) -> None:
    """Have a deployed stage publish its search index, without which functions and machines answer no search.

    Its schedule does so every few minutes anyway. One line of a ShopError if it could not be done now.
    """
    doing = "publishing the search index"
    try:
        functions = cloud.client("lambda", read_timeout=_LONGEST_DUTY_SECONDS)
        event = msgspec.json.encode({"duty": _PUBLISH})
        answer = functions.invoke(FunctionName=f"bodega-{stage}-schedule", Payload=event)
        said = answer["Payload"].read()
    except (BotoCoreError, ClientError) as error:
        raise refusal(error, doing=doing, region=cloud.identity.region) from error
    if "FunctionError" in answer:
        why = " ".join(said.decode(errors="replace").split())[:_MAX_REASON]
        raise UnavailableError(f"{doing} failed, as the function's log says: {why}")


def standing(cloud: Cloud, stage: str) -> list[tuple[str, str]]:
    """Return the names and states of a stage's stacks that are there, in the order in which they are deployed."""
    found = []
    for place in PLACES:
        name = f"bodega-{stage}-{place}"
        stack = _stacks_of(cloud, place).find(name)
        if stack is not None:
            found.append((name, str(stack["StackStatus"])))
    return found


def destroy(cloud: Cloud, names: Sequence[str], *, tell: Tell) -> None:
    """Remove stacks, the last first. Data that are to go must have been exposed before: `Rollout.expose_data`."""
    for name in reversed(names):
        place = _place(name)
        stacks = _stacks_of(cloud, place)
        tell(f"{name}: removing …")
        if place == "data":
            _empty_buckets(cloud, stacks, name)
        stacks.delete(name, protected=place == "data")
        tell(f"{name}: gone")


def _empty_buckets(cloud: Cloud, stacks: Stacks, name: str) -> None:
    s3 = cloud.client("s3")
    try:
        for bucket in stacks.resources(name, "AWS::S3::Bucket"):
            empty(s3, bucket)
    except (BotoCoreError, ClientError) as error:
        raise refusal(error, doing=f"emptying buckets of {name}", region=cloud.identity.region) from error


def _place(name: str) -> str:
    return name.rpartition("-")[2]


def _stacks_of(cloud: Cloud, place: str) -> Stacks:
    return cloud.stacks(_GUARD_REGION if place == "guard" else "")


def _told(error: Exception, *, doing: str, region: str) -> Exception:
    if isinstance(error, ValueError) and not isinstance(error, (BotoCoreError, ClientError)):
        return UnavailableError(f"{doing} failed: {error}")
    return refusal(error, doing=doing, region=region)
