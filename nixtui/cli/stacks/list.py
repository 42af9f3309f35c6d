"""`nixtui stack list`: the stacks that are declared, and those that are only there."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from nixtui.aws.errors import AwsError
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import narrate, plain, print_json, print_table
from nixtui.cli.stacks.declared import fleet_of, login_of
from nixtui.stacks.members import Member, list_members

Known = dict[tuple[str | None, str], list[Member]]
"""By login and region."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="the stacks as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask every region that a stack is declared in, or that of the login; a region that does not tell is said."""
    logins, stacks = nixtui.ec2.logins, nixtui.configuration.stacks
    places = [(login_of(logins, name, each), str(each.region)) for name, each in stacks.items()]
    places = list(dict.fromkeys(places)) or [(each, await each.region()) for each in logins.sessions]
    answers = await asyncio.gather(*(list_members(*place) for place in places), return_exceptions=True)
    known: Known = {}
    blind: list[AwsError] = []
    for (session, region), answer in zip(places, answers, strict=True):
        if isinstance(answer, AwsError):
            blind.append(answer)
            narrate(f"nixtui: {region}: {plain(str(answer))}")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            known[session.profile, region] = [each for each in answer if not each.is_gone]
    rows = [_declared(nixtui, name, known) for name in stacks] + _others(nixtui, known)
    if arguments.json:
        print_json(rows)
    elif not rows and not blind:
        narrate("no stack is declared in nixtui.toml, and none is there")
    else:
        headings = ("STACK", "REGION", "FLEET", "DECLARED", "THERE", "STATE")
        print_table(headings, [_cells(row) for row in rows])
    if not blind:
        return Exit.DONE
    if known:
        return Exit.PARTIAL
    return Exit.UNREACHABLE if all(each.may_pass for each in blind) else Exit.FAILED


def _declared(nixtui: Assembly, name: str, known: Known) -> dict[str, Any]:
    section, fleet = nixtui.configuration.stacks[name], fleet_of(nixtui)
    place = login_of(nixtui.ec2.logins, name, section).profile, section.region
    row = {"stack": name, "region": section.region, "fleet": fleet or None, "declared": list(section.hosts)}
    if place not in known:
        return {**row, "there": None, "missing": None, "extra": None, "state": "unknown"}
    ours = [each for each in known[place] if (each.stack, each.fleet) == (name, fleet)]
    there = [each.host for each in ours]
    missing = [each for each in section.hosts if each not in there]
    extra = [each.identity for each in ours if each.host not in section.hosts or there.count(each.host) > 1]
    running = sum(each.state == "running" for each in ours)
    return {**row, "there": there, "missing": missing, "extra": extra, "state": _state(there, missing, extra, running)}


def _state(there: Sequence[str], missing: Sequence[str], extra: Sequence[str], running: int) -> str:
    if not there:
        return "not created"
    if missing:
        return "incomplete"
    if extra:
        return "has more than declared"
    return "running" if running == len(there) else "not all run"


def _others(nixtui: Assembly, known: Known) -> list[dict[str, Any]]:
    """Of other fleets, or declared no more."""
    declared = {(each.region, name, fleet_of(nixtui)) for name, each in nixtui.configuration.stacks.items()}
    found: dict[tuple[str, str, str], list[Member]] = {}
    for (_, region), members in known.items():
        for each in members:
            found.setdefault((region, each.stack, each.fleet), []).append(each)
    return [
        {
            "stack": stack,
            "region": region,
            "fleet": fleet or None,
            "declared": None,
            "there": [each.host for each in members],
            "missing": None,
            "extra": None,
            "state": "not declared here",
        }
        for (region, stack, fleet), members in sorted(found.items())
        if (region, stack, fleet) not in declared
    ]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    def count(key: str) -> str:
        return "–" if row[key] is None else str(len(row[key]))

    return row["stack"], row["region"], row["fleet"] or "–", count("declared"), count("there"), row["state"]
