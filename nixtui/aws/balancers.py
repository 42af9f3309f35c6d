"""Listeners and target groups of load balancers (ELBv2), as far as traffic is moved from one group to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session

Weights = Mapping[str, int]
"""Target group (its ARN) and weight; only proportions count."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener's default, or one rule of it: where it sends what it gets. `before` are actions that come first."""

    arn: str
    region: str
    weights: Weights
    before: tuple[Mapping[str, Any], ...] = ()
    stickiness: Mapping[str, Any] | None = None

    @property
    def is_rule(self) -> bool:
        """A rule rather than the default."""
        return ":listener-rule/" in self.arn

    @property
    def name(self) -> str:
        """The balancer's name and the end of the ARN: as short as it can be told apart."""
        parts = self.arn.split("/")
        return "/".join((parts[2], parts[-1])) if len(parts) > 3 else self.arn


@dataclass(frozen=True, slots=True)
class Health:
    """The targets of a group by what the balancer says of them (`healthy`, `initial`, `unhealthy`, `unused`, …)."""

    states: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    """Ids of instances, or addresses."""

    @property
    def healthy(self) -> int:
        """Those that get traffic."""
        return self.states.count("healthy")

    def __str__(self) -> str:
        why = f" ({'; '.join(self.reasons)})" if self.reasons else ""
        return f"{self.healthy} of {len(self.states)} targets healthy{why}"


async def find_listener(session: Session, arn: str, region: str) -> Listener:
    """A listener or a rule. Raises `AwsError`, also for one that does not forward to target groups."""
    if ":listener-rule/" in arn:
        answer = await session.call("elbv2", "DescribeRules", region, RuleArns=[arn])
        actions = answer["Rules"][0].get("Actions", ())
    else:
        answer = await session.call("elbv2", "DescribeListeners", region, ListenerArns=[arn])
        actions = answer["Listeners"][0].get("DefaultActions", ())
    ordered = sorted(actions, key=lambda action: action.get("Order", 0))
    if not ordered or ordered[-1].get("Type") != "forward":
        raise AwsError(
            f"{arn} does not forward to target groups", "name a listener or a rule that does", kind=Kind.UNUSABLE
        )
    last = ordered[-1]
    config = last.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or [{"TargetGroupArn": last["TargetGroupArn"], "Weight": 1}]
    weights = {str(each["TargetGroupArn"]): int(each.get("Weight", 1)) for each in groups}
    return Listener(arn, region, weights, tuple(ordered[:-1]), config.get("TargetGroupStickinessConfig"))


def actions_of(listener: Listener, weights: Weights) -> list[dict[str, Any]]:
    """The actions that forward by `weights`; whatever comes before stays."""
    config: dict[str, Any] = {
        "TargetGroups": [{"TargetGroupArn": arn, "Weight": each} for arn, each in weights.items()]
    }
    if listener.stickiness:
        config["TargetGroupStickinessConfig"] = dict(listener.stickiness)
    forward: dict[str, Any] = {"Type": "forward", "ForwardConfig": config}
    if listener.before:
        forward["Order"] = max(int(each.get("Order", 0)) for each in listener.before) + 1
    return [*(dict(each) for each in listener.before), forward]


async def set_weights(session: Session, listener: Listener, weights: Weights) -> None:
    """Have it forward like that from now on. Raises `AwsError`."""
    actions = actions_of(listener, weights)
    if listener.is_rule:
        await session.call("elbv2", "ModifyRule", listener.region, RuleArn=listener.arn, Actions=actions)
    else:
        await session.call("elbv2", "ModifyListener", listener.region, ListenerArn=listener.arn, DefaultActions=actions)


async def find_target_group(session: Session, name: str, region: str) -> tuple[str, str]:
    """ARN and name of a target group, by either. Raises `AwsError`."""
    how: dict[str, Any] = {"TargetGroupArns": [name]} if name.startswith("arn:") else {"Names": [name]}
    try:
        answer = await session.call("elbv2", "DescribeTargetGroups", region, **how)
    except AwsError as error:
        if error.code != "TargetGroupNotFound":
            raise
        raise AwsError(
            f'there is no target group "{name}" in {region}', "check its name and the region", kind=Kind.NOT_FOUND
        ) from error
    (group,) = answer["TargetGroups"]
    return str(group["TargetGroupArn"]), str(group["TargetGroupName"])


async def health_of(session: Session, group: str, region: str) -> Health:
    """How its targets are. Raises `AwsError`."""
    answer = await session.call("elbv2", "DescribeTargetHealth", region, TargetGroupArn=group)
    described = answer.get("TargetHealthDescriptions", ())
    told = [each.get("TargetHealth", {}) for each in described]
    reasons = dict.fromkeys(str(each["Description"]) for each in told if each.get("Description"))
    targets = dict.fromkeys(str(each["Target"]["Id"]) for each in described)
    return Health(tuple(str(each.get("State", "unknown")) for each in told), tuple(reasons)[:3], tuple(targets))


async def alarms_on(session: Session, names: Sequence[str], region: str) -> list[str]:
    """Those of these CloudWatch alarms that are in ALARM. Raises `AwsError`, also where one does not exist."""
    if not names:
        return []
    found = await session.pages("cloudwatch", "DescribeAlarms", region, "MetricAlarms", AlarmNames=list(names))
    states = {str(each["AlarmName"]): str(each.get("StateValue")) for each in found}
    for name in names:
        if name not in states:
            raise AwsError(f'there is no alarm "{name}" in {region}', "check its name", kind=Kind.NOT_FOUND)
    return [name for name in names if states[name] == "ALARM"]


async def states_of(session: Session, group: str, region: str) -> dict[str, tuple[str, str]]:
    """Each target's state with the balancer's own words about it; of several ports the one that is not healthy.

    Raises `AwsError`.
    """
    answer = await session.call("elbv2", "DescribeTargetHealth", region, TargetGroupArn=group)
    states: dict[str, tuple[str, str]] = {}
    for each in answer.get("TargetHealthDescriptions", ()):
        told, identity = each.get("TargetHealth", {}), str(each["Target"]["Id"])
        if states.get(identity, ("healthy", ""))[0] == "healthy":
            states[identity] = str(told.get("State", "unknown")), str(told.get("Description") or "")
    return states


async def drain_seconds(session: Session, group: str, region: str) -> float:
    """How long a target group lets targets finish that leave it; 300, AWS's default, where that may not be asked."""
    try:
        answer = await session.call("elbv2", "DescribeTargetGroupAttributes", region, TargetGroupArn=group)
    except AwsError:
        return 300.0
    told = {str(each["Key"]): str(each["Value"]) for each in answer.get("Attributes", ())}
    value = told.get("deregistration_delay.timeout_seconds", "")
    return float(value) if value.isdecimal() else 300.0
