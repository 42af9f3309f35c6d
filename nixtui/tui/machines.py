"""What EC2 knows of a host, beside what the host says of itself."""

from collections.abc import Iterator

from nixtui.model.machine import system_name
from nixtui.model.selector import Subject
from nixtui.tui.paint import Line, Role, Span, clean, line, said, wrap

_SHORT = ("stopped", "stopping", "shutting-down", "terminated")


def machine_warnings(row: Subject, cells: int) -> Iterator[Line]:
    """What somebody should know who looks at the host: its checks, what AWS has planned, and its replacement."""
    machine = row.machine
    if machine is None:
        return
    if machine.state != "running":
        yield from wrap(f"EC2 says it is {machine.state}", cells, Role.BAD if machine.state in _SHORT else Role.WARN)
    for check in machine.failed_checks:
        yield from wrap(f"▲ EC2: {check}", cells, Role.BAD)
    for event in machine.events:
        yield from wrap(f"! AWS: {event}", cells, Role.WARN)
    if (told := row.replacement) is not None:
        yield from wrap(f"⇄ {told}", cells, Role.WARN)


def machine_facts(row: Subject) -> Iterator[tuple[str, Line]]:
    """Which instance it is and what it came from, each with a label."""
    machine = row.machine
    if machine is None:
        return
    where = "  ".join(each for each in (machine.kind, machine.zone or machine.instance.region) if each)
    yield "instance", line((clean(machine.instance.identity), Role.TEXT), (f"  {clean(where)}", Role.MUTED))
    checks = " / ".join(each or "–" for each in (machine.system_check, machine.instance_check))
    yield "ec2", line((clean(machine.state), Role.TEXT), (f"  checks {clean(checks)}", Role.MUTED))
    if machine.image is not None:
        gone = Span("  deregistered", Role.WARN) if machine.image_registered is False else Span("")
        yield "image", (said(machine.image_name or machine.image), gone, Span(f"  {clean(machine.image)}", Role.MUTED))
    if machine.image_system is not None:
        yield "made of", line((clean(system_name(machine.image_system)), Role.MUTED))
    if machine.group is not None:
        own = f"  this one by version {clean(machine.template_version)}" if machine.template_version else ""
        yield "group", line(clean(machine.group), (own, Role.MUTED))
    if machine.group_image is not None:
        version = f"  version {clean(machine.group_template_version)}" if machine.group_template_version else ""
        yield "starts", line(clean(machine.group_image_name or machine.group_image), (version, Role.MUTED))
