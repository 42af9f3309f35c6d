"""Auto scaling groups in target groups, beside the load balancer on loopback, as the documents say that they go.

Instances come and go by one look at their group, targets by looks at their health: `initial` becomes `healthy` by the
second, `draining` is over by the third. A group that leaves a target group is `Removing` until its last target is gone.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.instances.fake_balancer import FakeBalancer, group


class Invalid(Exception):
    """A ValidationError with its words."""


@dataclass
class Attachment:
    """How a group is in a target group."""

    is_source: bool
    leaving: bool = False


@dataclass
class GroupOfFake:
    """One auto scaling group; `members` by lifecycle state."""

    name: str
    wanted: int
    most: int
    image: str
    least: int = 0
    members: dict[str, str] = field(default_factory=dict)
    attached: dict[str, Attachment] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    refreshing: bool = False
    made: int = 0


class FakeGroups(FakeBalancer):
    """`web-blue` with two instances is in the target groups `blue` and `green`, `web-green` is nowhere and empty.

    `sick` are groups whose instances never are healthy, `sick_alone` those that are so once they are alone, and
    `alarm_alone` sets off the alarm then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.actions = {each: [dict(told[0])] for each, told in self.actions.items()}
        for each in self.actions.values():
            both = [{"TargetGroupArn": group(name), "Weight": "1"} for name in ("blue", "green")]
            each[0] = {"Type": "forward", "Order": "1", "ForwardConfig": {"TargetGroups": {"member": both}}}
        self.groups = {
            "web-blue": GroupOfFake("web-blue", 2, 4, "ami-0000000a"),
            "web-green": GroupOfFake("web-green", 0, 4, "ami-0000000b"),
        }
        self.registered: dict[str, dict[str, list[Any]]] = {name: {} for name in self.targets}
        self.sick: set[str] = set()
        self.sick_alone: set[str] = set()
        self.alarm_alone = False
        self.drains = 3
        self.calls: list[str] = []
        for _ in range(2):
            self._settle(self.groups["web-blue"])
        for name in self.targets:
            self.groups["web-blue"].attached[name] = Attachment(False)
            self.registered[name] = {member: ["healthy", 0] for member in self.groups["web-blue"].members}

    # What tests look at

    def traffic(self) -> dict[str, set[str]]:
        """The auto scaling groups that each target group has."""
        return {
            name: {
                each.name for each in self.groups.values() if name in each.attached and not each.attached[name].leaving
            }
            for name in self.targets
        }

    def sizes(self) -> dict[str, int]:
        return {each.name: each.wanted for each in self.groups.values()}

    def attach_as_sources(self, name: str) -> None:
        """As if AttachTrafficSources had been used."""
        for each in self.groups[name].attached.values():
            each.is_source = True

    # How it goes

    def _settle(self, told: GroupOfFake) -> None:
        for identity, state in list(told.members.items()):
            if state == "Pending":
                told.members[identity] = "InService"
                for name, how in told.attached.items():
                    if not how.leaving and "AddToLoadBalancer" not in told.suspended:
                        self.registered[name][identity] = ["initial", 0]
            elif state == "Terminating":
                del told.members[identity]
                for targets in self.registered.values():
                    targets.pop(identity, None)
        alive = [identity for identity, state in told.members.items() if state != "Terminating"]
        for _ in range(told.wanted - len(alive)):
            told.made += 1
            told.members[f"i-{told.name.removeprefix('web-')}{told.made}"] = "Pending"
        for identity in alive[told.wanted :]:
            told.members[identity] = "Terminating"

    def _alone(self, name: str) -> bool:
        others = [each for each in self.groups.values() if each.name != name]
        return not any(not how.leaving for each in others for how in each.attached.values())

    def _owner(self, identity: str) -> GroupOfFake:
        return next(each for each in self.groups.values() if identity in each.members)

    def _group(self, form: dict[str, Any]) -> GroupOfFake:
        if (found := self.groups.get(form["AutoScalingGroupName"])) is None:
            raise Invalid("AutoScalingGroup name not found")
        return found

    def answer(self, target: str, body: bytes) -> tuple[int, str, bytes]:
        if target.endswith(".DescribeAlarms") and self.alarm_alone and self._alone("web-green"):
            self.alarms["errors"] = "ALARM"
        try:
            return super().answer(target, body)
        except Invalid as error:
            told = f"<Error><Code>ValidationError</Code><Message>{error}</Message></Error>"
            return 400, "text/xml", f"<ErrorResponse>{told}</ErrorResponse>".encode()

    # Auto scaling

    def _DescribeAutoScalingGroups(self, form: dict[str, Any]) -> str:
        wanted = form.get("AutoScalingGroupNames", {}).get("member")
        found = [each for each in self.groups.values() if wanted is None or each.name in wanted]
        for each in found:
            self._settle(each)
        return f"<AutoScalingGroups>{''.join(map(self._described, found))}</AutoScalingGroups>"

    def _described(self, told: GroupOfFake) -> str:
        members = "".join(
            f"<member><InstanceId>{identity}</InstanceId><LifecycleState>{state}</LifecycleState></member>"
            for identity, state in told.members.items()
        )
        sources = "".join(
            f"<member><Identifier>{group(name)}</Identifier><Type>elbv2</Type></member>" for name in told.attached
        )
        suspended = "".join(f"<member><ProcessName>{each}</ProcessName></member>" for each in told.suspended)
        template = f"<LaunchTemplateId>lt-{told.name}</LaunchTemplateId><Version>1</Version>"
        return (
            f"<member><AutoScalingGroupName>{told.name}</AutoScalingGroupName><MinSize>{told.least}</MinSize>"
            f"<MaxSize>{told.most}</MaxSize><DesiredCapacity>{told.wanted}</DesiredCapacity>"
            f"<LaunchTemplate>{template}</LaunchTemplate><Instances>{members}</Instances>"
            f"<TrafficSources>{sources}</TrafficSources><SuspendedProcesses>{suspended}</SuspendedProcesses></member>"
        )

    def _DescribeLoadBalancerTargetGroups(self, form: dict[str, Any]) -> str:
        told = self._group(form)
        each = "".join(
            f"<member><LoadBalancerTargetGroupARN>{group(name)}</LoadBalancerTargetGroupARN>"
            f"<State>{'Removing' if how.leaving else 'InService'}</State></member>"
            for name, how in told.attached.items()
            if not how.is_source
        )
        return f"<LoadBalancerTargetGroups>{each}</LoadBalancerTargetGroups>"

    def _DescribeTrafficSources(self, form: dict[str, Any]) -> str:
        each = "".join(
            f"<member><Identifier>{group(name)}</Identifier><Type>elbv2</Type>"
            f"<State>{'Removing' if how.leaving else 'InService'}</State></member>"
            for name, how in self._group(form).attached.items()
        )
        return f"<TrafficSources>{each}</TrafficSources>"

    def _AttachLoadBalancerTargetGroups(self, form: dict[str, Any]) -> str:
        return self._attach(form, form["TargetGroupARNs"]["member"], is_source=False)

    def _AttachTrafficSources(self, form: dict[str, Any]) -> str:
        return self._attach(form, self._sources(form), is_source=True)

    def _DetachLoadBalancerTargetGroups(self, form: dict[str, Any]) -> str:
        return self._detach(form, form["TargetGroupARNs"]["member"], is_source=False)

    def _DetachTrafficSources(self, form: dict[str, Any]) -> str:
        return self._detach(form, self._sources(form), is_source=True)

    @staticmethod
    def _sources(form: dict[str, Any]) -> list[str]:
        if any(each.get("Type", "elbv2") != "elbv2" for each in form["TrafficSources"]["member"]):
            raise Invalid("Type")
        return [each["Identifier"] for each in form["TrafficSources"]["member"]]

    def _attach(self, form: dict[str, Any], arns: list[str], *, is_source: bool) -> str:
        told = self._group(form)
        self.calls.append(f"attach {told.name}")
        names = [arn.split("/")[1] for arn in arns]
        if len(names) > 10 or any(name not in self.targets for name in names):
            raise Invalid("Provided Target Groups may not be valid")
        if told.refreshing:
            raise Invalid("An instance refresh is in progress")
        for name in names:
            told.attached[name] = Attachment(is_source)
            for identity, state in told.members.items():
                if state == "InService" and "AddToLoadBalancer" not in told.suspended:
                    self.registered[name][identity] = ["initial", 0]
        return ""

    def _detach(self, form: dict[str, Any], arns: list[str], *, is_source: bool) -> str:
        told = self._group(form)
        self.calls.append(f"detach {told.name}")
        names = [arn.split("/")[1] for arn in arns]
        for name in names:
            how = told.attached.get(name)
            if how is None or how.leaving or how.is_source != is_source:
                raise Invalid("Trying to remove Target Groups that are not part of the group")
        for name in names:
            told.attached[name].leaving = True
            for identity in told.members:
                if identity in self.registered[name]:
                    self.registered[name][identity] = ["draining", 0]
            self._leave(name)
        return ""

    def _leave(self, name: str) -> None:
        for told in self.groups.values():
            how = told.attached.get(name)
            if how is not None and how.leaving and not told.members.keys() & self.registered[name].keys():
                del told.attached[name]

    def _SetDesiredCapacity(self, form: dict[str, Any]) -> str:
        told, wanted = self._group(form), int(form["DesiredCapacity"])
        self.calls.append(f"size {told.name} {wanted}")
        if not told.least <= wanted <= told.most:
            raise Invalid(f"New SetDesiredCapacity value {wanted} is outside of the group's sizes")
        told.wanted = wanted
        return ""

    def _UpdateAutoScalingGroup(self, form: dict[str, Any]) -> str:
        told = self._group(form)
        least, wanted = int(form.get("MinSize", told.least)), int(form.get("DesiredCapacity", told.wanted))
        self.calls.append(f"size {told.name} {wanted}")
        if not least <= wanted <= told.most:
            raise Invalid("Desired capacity is outside of the group's sizes")
        told.least, told.wanted = least, wanted
        return ""

    # Load balancing

    def _DescribeTargetGroupAttributes(self, form: dict[str, Any]) -> str:
        inner = "<Key>deregistration_delay.timeout_seconds</Key><Value>30</Value>"
        return f"<Attributes><member>{inner}</member></Attributes>"

    def _DescribeTargetHealth(self, form: dict[str, Any]) -> str:
        name = form["TargetGroupArn"].split("/")[1]
        told = ""
        for identity, seen in list(self.registered[name].items()):
            state, why = self._health(name, identity, seen)
            if state == "gone":
                del self.registered[name][identity]
                continue
            words = f"<State>{state}</State>" + (f"<Description>{why}</Description>" if why else "")
            told += f"<member><Target><Id>{identity}</Id></Target><TargetHealth>{words}</TargetHealth></member>"
        self._leave(name)
        return f"<TargetHealthDescriptions>{told}</TargetHealthDescriptions>"

    def _health(self, name: str, identity: str, seen: list[Any]) -> tuple[str, str]:
        seen[1] += 1
        if seen[0] == "draining":
            return ("gone", "") if seen[1] >= self.drains else ("draining", "Target deregistration is in progress")
        if name not in {**self.shares(), **self.shares(next(iter(self.actions)))}:
            return "unused", "Target group is not configured to receive traffic from the load balancer"
        owner = self._owner(identity).name
        if owner in self.sick or (owner in self.sick_alone and self._alone(owner)):
            return "unhealthy", "Health checks failed with these codes: [502]"
        if seen[0] == "initial" and seen[1] >= 2:
            seen[0] = "healthy"
        return seen[0], ""

    # EC2, as far as plans ask

    def _instances(self, form: dict[str, Any]) -> str:
        asked = next(each["Value"] for each in form["Filter"] if each["Name"] == "instance-id")
        items = "".join(
            f"<item><instanceId>{identity}</instanceId><imageId>{told.image}</imageId>"
            f"<instanceState><name>running</name></instanceState></item>"
            for told in self.groups.values()
            for identity in told.members
            if identity in asked
        )
        return f"<reservationSet><item><instancesSet>{items}</instancesSet></item></reservationSet>"

    def _DescribeImages(self, form: dict[str, Any]) -> str:
        (asked,) = [each["Value"] for each in form["Filter"] if each["Name"] == "image-id"]
        items = "".join(f"<item><imageId>{each}</imageId><name>of {each[-1]}</name></item>" for each in asked)
        return f"<imagesSet>{items}</imagesSet>"

    def _DescribeLaunchTemplateVersions(self, form: dict[str, Any]) -> str:
        told = self.groups[form["LaunchTemplateId"].removeprefix("lt-")]
        inner = (
            f"<versionNumber>1</versionNumber><launchTemplateData><imageId>{told.image}</imageId></launchTemplateData>"
        )
        return f"<launchTemplateVersionSet><item>{inner}</item></launchTemplateVersionSet>"
