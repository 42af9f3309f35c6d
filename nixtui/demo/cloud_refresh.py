"""Instance refreshes of the demo's groups: one instance after the other, while somebody looks."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from nixtui.demo.cloud_seed import Cloud, launch, make_private

_RUNNING = frozenset({"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"})


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(slots=True)
class Refresh:
    """One refresh; `moved_at` is when it last went on, `before` the version that the group had."""

    identity: str
    region: str
    group: str
    version: str
    before: str
    form: Mapping[str, Any]
    moved_at: float
    status: str = "Pending"
    reason: str = ""
    held: set[int] = field(default_factory=set)

    @property
    def is_running(self) -> bool:
        """It goes on."""
        return self.status in _RUNNING

    @property
    def checkpoints(self) -> list[int]:
        """Percentages where it waits."""
        prefix = "Preferences.CheckpointPercentages.member."
        return sorted(int(value) for key, value in self.form.items() if key.startswith(prefix))


def _group(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> Any:
    group = cloud.scaling(region).autoscaling_groups.get(str(asked.get("AutoScalingGroupName")))
    if group is None:
        raise Refusal("ValidationError", "AutoScalingGroup name not found")
    return group


def _image(group: Any, version: str) -> str:
    return str(group.ec2_launch_template.get_version(version).image_id)


def _running(cloud: Cloud, region: str, name: str) -> Refresh | None:
    found = (each for each in cloud.refreshes if (each.region, each.group) == (region, name) and each.is_running)
    return next(found, None)


def _start(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    group = _group(cloud, region, asked)
    if _running(cloud, region, group.name):
        raise Refusal("InstanceRefreshInProgress", "An Instance Refresh is already in progress")
    before = str(group.provided_launch_template_version)
    if asked.get("Preferences.AutoRollback") == "true" and not before.isdecimal():
        raise Refusal("ValidationError", "AutoRollback needs a numbered launch template version")
    version = str(asked["DesiredConfiguration.LaunchTemplate.Version"])
    refresh = Refresh(os.urandom(8).hex(), region, group.name, version, before, dict(asked), time())
    cloud.refreshes.insert(0, refresh)
    return _result("StartInstanceRefresh", f"<InstanceRefreshId>{refresh.identity}</InstanceRefreshId>")


def _end(action: str, status: str) -> Callable[[Cloud, str, Mapping[str, Any]], str]:
    def answer(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
        group = _group(cloud, region, asked)
        refresh = _running(cloud, region, group.name)
        if refresh is None:
            raise Refusal("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found")
        if status == "RollbackInProgress" and not refresh.before.isdecimal():
            raise Refusal("IrreversibleInstanceRefresh", "it cannot be rolled back")
        refresh.status, refresh.reason = status, ""
        return _result(action, f"<InstanceRefreshId>{refresh.identity}</InstanceRefreshId>")

    return answer


def _describe(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    group = _group(cloud, region, asked)
    running = _running(cloud, region, group.name)
    while running is not None and running.is_running and time() - running.moved_at >= cloud.each_s:
        running.moved_at += cloud.each_s
        _step(cloud, running, group)
    wanted = asked.get("InstanceRefreshIds.member.1")
    found = [each for each in cloud.refreshes if (each.region, each.group) == (region, group.name)]
    told = "".join(_told(each, group) for each in found if wanted in (None, each.identity))
    return _result("DescribeInstanceRefreshes", f"<InstanceRefreshes>{told}</InstanceRefreshes>")


def _left(group: Any, image: str) -> list[Any]:
    return [each.instance for each in group.instance_states if each.instance.image_id != image]


def _percent(refresh: Refresh, group: Any) -> int:
    whole = len(group.instance_states)
    back = refresh.status.startswith("Rollback")
    left = len(_left(group, _image(group, refresh.before if back else refresh.version)))
    return 100 * (whole - left) // whole if whole else 100


def _told(refresh: Refresh, group: Any) -> str:
    left = len(_left(group, _image(group, refresh.version)))
    return (
        f"<member><InstanceRefreshId>{refresh.identity}</InstanceRefreshId>"
        f"<AutoScalingGroupName>{group.name}</AutoScalingGroupName><Status>{refresh.status}</Status>"
        f"<StatusReason>{refresh.reason}</StatusReason>"
        f"<PercentageComplete>{_percent(refresh, group)}</PercentageComplete>"
        f"<InstancesToUpdate>{left}</InstancesToUpdate></member>"
    )


def _step(cloud: Cloud, refresh: Refresh, group: Any) -> None:
    match refresh.status:
        case "Pending":
            refresh.status = "InProgress"
        case "InProgress":
            _go_on(cloud, refresh, group)
        case "Baking":
            _succeed(refresh, group)
        case "Cancelling":
            refresh.status = "Cancelled"
        case "RollbackInProgress":
            if not _replace_one(cloud, refresh, group, refresh.before):
                refresh.status = "RollbackSuccessful"


def _go_on(cloud: Cloud, refresh: Refresh, group: Any) -> None:
    done = _percent(refresh, group)
    for checkpoint in refresh.checkpoints:
        if checkpoint <= done < 100 and checkpoint not in refresh.held:
            refresh.held.add(checkpoint)
            refresh.reason = f"checkpoint {checkpoint} % reached, waiting"
            return
    refresh.reason = ""
    if _replace_one(cloud, refresh, group, refresh.version):
        return
    if int(refresh.form.get("Preferences.BakeTime", "0")):
        refresh.status, refresh.reason = "Baking", "watched before it counts"
    else:
        _succeed(refresh, group)


def _succeed(refresh: Refresh, group: Any) -> None:
    refresh.status, refresh.reason = "Successful", ""
    group.provided_launch_template_version = refresh.version


def _replace_one(cloud: Cloud, refresh: Refresh, group: Any, version: str) -> bool:
    """One member for another that the version starts, by the same name, as a host's name comes from its tag."""
    old = next(iter(_left(group, _image(group, version))), None)
    if old is None:
        return False
    tags = {tag["key"]: tag["value"] for tag in old.get_tags() if not tag["key"].startswith("aws:")}
    template = {"LaunchTemplateId": group.ec2_launch_template.id, "Version": version}
    new = launch(cloud, refresh.region, _image(group, version), old.instance_type, tags,
                 zone=old.availability_zone, launch_template=template)  # fmt: skip
    if (agent := cloud.agents.get(old.id)) is not None:
        cloud.agents[new.id] = agent
        new.iam_instance_profile = old.iam_instance_profile
    make_private(new)
    new.demo_host_key = getattr(old, "demo_host_key", None)  # the same host answers
    group.instance_states = [each for each in group.instance_states if each.instance is not old]
    cloud.ec2(refresh.region).terminate_instances([old.id])
    cloud.scaling(refresh.region).attach_instances(group.name, [new.id])
    return True


def _result(action: str, inside: str) -> str:
    return f"<{action}Result>{inside}</{action}Result>"


REFRESHES: Mapping[str, Callable[[Cloud, str, Mapping[str, Any]], Any]] = {
    "StartInstanceRefresh": _start,
    "DescribeInstanceRefreshes": _describe,
    "CancelInstanceRefresh": _end("CancelInstanceRefresh", "Cancelling"),
    "RollbackInstanceRefresh": _end("RollbackInstanceRefresh", "RollbackInProgress"),
}
"""By action."""
