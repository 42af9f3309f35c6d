"""What is done to instances that exist: started, stopped, rebooted, terminated. Each a plan of calls, and the calls."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from nixtui.images.changing import Call, Change
from nixtui.instances.standing import Standing

_STARTABLE, _RUNNING = ("stopped",), ("running",)


def start(standing: Standing) -> Change:
    """Start one that is stopped."""
    return _change(standing, "StartInstances", "running", _STARTABLE)


def stop(standing: Standing) -> Change:
    """Stop one; what its group would make of that is said."""
    return _change(standing, "StopInstances", "stopped", _RUNNING, ("its public address changes",), missed=True)


def reboot(standing: Standing) -> Change:
    """Reboot one, by EC2 rather than by its own system."""
    return _change(standing, "RebootInstances", "rebooted", _RUNNING)


def terminate(standing: Standing) -> Change:
    """Terminate one. Its root volume goes with it unless told otherwise when it was made."""
    states = ("pending", "running", "stopping", "stopped")
    return _change(standing, "TerminateInstances", "gone", states, missed=True)


ACTS: Mapping[str, Callable[[Standing], Change]] = {
    "start": start,
    "stop": stop,
    "reboot": reboot,
    "terminate": terminate,
}
"""Each act by its word."""


def told_apart(standings: Sequence[Standing]) -> list[str]:
    """What each is called in a plan of all of them: its name, with its id where another has the same."""
    often = Counter(each.instance.name for each in standings)
    named = ((each.instance.name, each.instance.identity) for each in standings)
    return [name if often[name] == 1 else f"{name} ({identity})" for name, identity in named]


def _change(
    standing: Standing,
    action: str,
    after: str,
    states: tuple[str, ...],
    warnings: tuple[str, ...] = (),
    *,
    missed: bool = False,
) -> Change:
    instance, group = standing.instance, standing.instance.group
    told = warnings if instance.public_address else ()
    if missed and group:
        told = (*told, f"auto scaling group {group} would replace it")
    if missed and standing.drift:
        told = (*told, standing.drift)
    refused = None if instance.state in states else f"it is {instance.state}"
    name = instance.identity if instance.name == instance.identity else f"{instance.name} ({instance.identity})"
    call = Call("ec2", action, instance.region, {"InstanceIds": [instance.identity]}, instance.login)
    return Change(name=name, calls=(call,), before=instance.state, after=after, warnings=told, refused=refused)
