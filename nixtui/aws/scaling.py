"""An auto scaling group as it takes part in load balancing: its size, its members, the target groups that it is in.

There are two ways to attach a target group, and each is undone only by its own: AttachLoadBalancerTargetGroups, and
AttachTrafficSources that AWS recommends now. DescribeLoadBalancerTargetGroups tells of the first alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session

_LEAVING = frozenset({"Removing", "Removed"})
_AT_ONCE = 10
"""As many target groups as one call takes."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A target group (its ARN) that a group is in, or is just leaving; `is_source` where as a traffic source."""

    arn: str
    is_source: bool
    leaving: bool


@dataclass(frozen=True, slots=True)
class Scaled:
    """A group. `members` are instances that are in service, `others` what balances it besides target groups."""

    name: str
    region: str
    wanted: int
    least: int
    most: int
    members: tuple[str, ...] = ()
    targets: tuple[Attached, ...] = ()
    others: tuple[str, ...] = ()
    suspended: frozenset[str] = frozenset()

    @property
    def attached(self) -> tuple[Attached, ...]:
        """What it is in and stays in."""
        return tuple(each for each in self.targets if not each.leaving)

    @property
    def arns(self) -> frozenset[str]:
        """The target groups of `attached`."""
        return frozenset(each.arn for each in self.attached)


async def scaled(session: Session, region: str, name: str) -> Scaled:
    """The group as it is now. Raises `AwsError`."""
    found = await session.pages(
        "autoscaling", "DescribeAutoScalingGroups", region, "AutoScalingGroups", AutoScalingGroupNames=[name]
    )
    if not found:
        raise AwsError(
            f'there is no auto scaling group "{name}" in {region}', "check its name and the region", kind=Kind.NOT_FOUND
        )
    told = found[0]
    classic = [str(each) for each in told.get("LoadBalancerNames", ())]
    groups = await session.pages(
        "autoscaling", "DescribeLoadBalancerTargetGroups", region, "LoadBalancerTargetGroups", AutoScalingGroupName=name
    )
    targets = [
        Attached(str(each["LoadBalancerTargetGroupARN"]), False, each.get("State") in _LEAVING) for each in groups
    ]
    known = {each.arn for each in targets} | set(classic)
    others = []
    if any(str(each["Identifier"]) not in known for each in told.get("TrafficSources", ())):
        answer = await session.call("autoscaling", "DescribeTrafficSources", region, AutoScalingGroupName=name)
        for each in answer.get("TrafficSources", ()):
            identity = str(each["Identifier"])
            if identity in known:
                continue
            if ":elasticloadbalancing:" in identity:
                targets.append(Attached(identity, True, each.get("State") in _LEAVING))
            else:
                others.append(identity)
    return Scaled(
        name=str(told["AutoScalingGroupName"]),
        region=region,
        wanted=int(told.get("DesiredCapacity", 0)),
        least=int(told.get("MinSize", 0)),
        most=int(told.get("MaxSize", 0)),
        members=tuple(
            str(each["InstanceId"]) for each in told.get("Instances", ()) if each.get("LifecycleState") == "InService"
        ),
        targets=tuple(targets),
        others=(*classic, *others),
        suspended=frozenset(str(each["ProcessName"]) for each in told.get("SuspendedProcesses", ())),
    )


@dataclass(frozen=True, slots=True)
class ScalingCall:
    """One call that changes a group."""

    action: str
    region: str
    parameters: dict[str, Any]

    def __str__(self) -> str:
        shown = " ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"autoscaling:{self.action} in {self.region} {shown}"

    async def make(self, session: Session) -> None:
        """Raises `AwsError`."""
        await session.call("autoscaling", self.action, self.region, **self.parameters)


def attaching(group: Scaled, targets: Iterable[Attached]) -> list[ScalingCall]:
    """The calls that put a group into these, each in its own way."""
    return _calls("Attach", group, targets)


def detaching(group: Scaled, targets: Iterable[Attached]) -> list[ScalingCall]:
    """The calls that take a group out of these, each in its own way."""
    return _calls("Detach", group, targets)


def resizing(group: Scaled, wanted: int) -> ScalingCall:
    """The call that has it keep so many instances."""
    return ScalingCall(
        "SetDesiredCapacity", group.region, {"AutoScalingGroupName": group.name, "DesiredCapacity": wanted}
    )


def emptying(group: Scaled) -> ScalingCall:
    """The call that has it keep none: the least that it may have goes down with it."""
    parameters = {"AutoScalingGroupName": group.name, "MinSize": 0, "DesiredCapacity": 0}
    return ScalingCall("UpdateAutoScalingGroup", group.region, parameters)


def _calls(verb: str, group: Scaled, targets: Iterable[Attached]) -> list[ScalingCall]:
    listed = list(targets)

    def in_parts(some: Sequence[str]) -> Iterable[Sequence[str]]:
        return (some[start : start + _AT_ONCE] for start in range(0, len(some), _AT_ONCE))

    return [
        *(
            ScalingCall(
                f"{verb}LoadBalancerTargetGroups",
                group.region,
                {"AutoScalingGroupName": group.name, "TargetGroupARNs": list(part)},
            )
            for part in in_parts([each.arn for each in listed if not each.is_source])
        ),
        *(
            ScalingCall(
                f"{verb}TrafficSources",
                group.region,
                {
                    "AutoScalingGroupName": group.name,
                    "TrafficSources": [{"Identifier": each, "Type": "elbv2"} for each in part],
                },
            )
            for part in in_parts([each.arn for each in listed if each.is_source])
        ),
    ]
