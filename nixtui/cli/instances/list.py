"""`nixtui instance list`: instances over regions, with what EC2 knows around them."""

import time
from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.listing import narrate_problems, with_login
from nixtui.cli.images.login import add_login, logins_of, regions_of
from nixtui.cli.output import age, print_json, print_table, rfc3339, shown
from nixtui.instances.standing import Standing, survey_all


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_login(parser, several=True)
    parser.add_argument("--all-regions", action="store_true", help="every region that is enabled for the account")
    parser.add_argument("--filter", metavar="NAME=VALUE", action="append", default=[], help="a filter of EC2's")
    parser.add_argument("--json", action="store_true", help="the instances as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask every login and region at once; what is not told is said and does not hide the rest."""
    filters = dict(nixtui.configuration.ec2.filters) if nixtui.configuration.ec2 else {}
    for text in arguments.filter:
        name, sign, value = text.partition("=")
        if not (sign and name):
            raise UsageError(f'--filter takes NAME=VALUE, not "{text}"')
        filters[name] = value
    async with logins_of(arguments, nixtui) as logins:
        regions = regions_of(arguments, nixtui, everywhere=arguments.all_regions)
        found = await survey_all(logins, regions, filters)
    narrate_problems(found.problems, logins)
    if arguments.json:
        print_json([as_json(each) for each in found.standings])
    else:
        headings = ("INSTANCE", "NAME", "STATE", "CHECKS", "TYPE", "ZONE", "IMAGE", "GROUP", "AGE", "REPLACEMENT")
        rows = [_row(each, time.time()) for each in found.standings]
        print_table(*with_login(headings, rows, [each.instance.login for each in found.standings], logins))
    if not found.blind:
        return Exit.DONE
    if found.standings:
        return Exit.PARTIAL
    blind = [problem for _, what, problem in found.problems if what == "instances"]
    return Exit.UNREACHABLE if all(problem.may_pass for problem in blind) else Exit.FAILED


def as_json(each: Standing) -> dict[str, Any]:
    """An instance as scripts get it; the keys are a contract."""
    instance, group = each.instance, each.group
    return {
        "instance_id": instance.identity,
        "name": instance.name,
        "region": instance.region,
        "profile": instance.login,
        "account": instance.account,
        "zone": instance.zone,
        "type": instance.kind,
        "state": instance.state,
        "system_check": each.checks.system if each.checks else None,
        "instance_check": each.checks.instance if each.checks else None,
        "events": list(each.checks.events) if each.checks else [],
        "image_id": instance.image,
        "image_name": each.image_name,
        "image_registered": each.image is not None,
        "architecture": instance.architecture,
        "boot_mode": instance.boot_mode,
        "launched_at": rfc3339(instance.launched_at),
        "launch_template": instance.template[0] if instance.template else None,
        "launch_template_version": instance.template[1] if instance.template else None,
        "group": instance.group,
        "group_image_id": group.image if group else None,
        "drift": each.drift,
        "private_address": instance.private_address,
        "public_address": instance.public_address,
        "key_pair": instance.key_pair,
        "instance_profile": instance.profile,
        "subnet": instance.subnet,
        "security_groups": list(instance.security_groups),
        "tags": dict(instance.tags),
    }


def _row(each: Standing, now: float) -> tuple[str, ...]:
    instance = each.instance
    checks = "–"
    if each.checks:
        both = {each.checks.system, each.checks.instance}
        checks = both.pop() if len(both) == 1 else f"{each.checks.system}/{each.checks.instance}"
        checks += " event" if each.checks.events else ""
    return (
        instance.identity,
        instance.name,
        instance.state,
        checks,
        shown(instance.kind),
        shown(instance.zone),
        each.image_name or f"{shown(instance.image)} (not seen)",
        shown(instance.group),
        age(None if instance.launched_at is None else now - instance.launched_at),
        "another image" if each.drift else "–",
    )
