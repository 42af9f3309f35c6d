"""`nixtui stack show NAME`: its hosts, what is there of them, and in what that is another than was declared."""

import asyncio
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import age, plain, print_json, print_table, rfc3339, shown
from nixtui.cli.stacks.declared import as_host, declared, login_of, stack_of
from nixtui.stacks.differences import differences
from nixtui.stacks.members import Member, Stack, list_members
from nixtui.stacks.wanted import Wanted, wanted_of


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a [stacks.NAME] of nixtui.toml")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask and print; exit 0 whatever is there."""
    name, section = arguments.name, declared(nixtui, arguments.name)
    session = login_of(nixtui.ec2.logins, name, section)
    stack = await stack_of(nixtui, session, name, section)
    wanted, members = await asyncio.gather(
        wanted_of(session, stack, section, nixtui.configuration.directory), list_members(session, section.region, name)
    )
    alive = [each for each in members if each.state != "terminated"]
    sizes = await _sizes(session, section.region, alive)
    rows = [_row(nixtui, stack, each, alive, sizes) for each in wanted]
    placed = {row["instance_id"] for row in rows}
    others = [_other(stack, each) for each in alive if each.identity not in placed]
    if arguments.json:
        print_json({"stack": name, "region": stack.region, "account": stack.account, "hosts": rows, "others": others})
        return Exit.DONE
    headings = ("HOST", "INSTANCE", "STATE", "TYPE", "PAID AS", "DISKS", "ADDRESS", "AGE", "DIFFERS")
    print_table(headings, [_cells(row) for row in rows])
    for row in rows:
        for text in row["differs"]:
            print(plain(f"  ! {row['name']}: {text}"))
    for other in others:
        print(plain(f"  ! {other['instance_id']} ({other['state']}): {other['why']}"))
    return Exit.DONE


async def _sizes(session: Session, region: str, members: Sequence[Member]) -> Mapping[str, int]:
    """GiB of each volume. Raises `AwsError`."""
    volumes = [disk.volume for each in members for disk in each.disks]
    if not volumes:
        return {}
    found = await session.pages(
        "ec2", "DescribeVolumes", region, "Volumes", Filters=[{"Name": "volume-id", "Values": volumes[:200]}]
    )
    return {str(each["VolumeId"]): int(each["Size"]) for each in found}


def _row(
    nixtui: Assembly, stack: Stack, wanted: Wanted, alive: Sequence[Member], sizes: Mapping[str, int]
) -> dict[str, Any]:
    """A declared host as scripts get it; the keys are a contract. What it costs is not guessed: only what is paid for
    is told.
    """
    ours = [each for each in alive if stack.has(each) and each.host == wanted.host]
    member = ours[0] if ours else None
    instance = member.instance if member else None
    told = list(differences(member, wanted)) if member else []
    told += [f"{len(ours)} instances say that they are it"] if len(ours) > 1 else []
    told += [wanted.refused] if wanted.refused else []
    section = wanted.section
    return {
        "host": wanted.host,
        "name": wanted.called,
        "instance_id": member.identity if member else None,
        "state": member.state if member else "missing",
        "type": instance.kind if instance else None,
        "declared_type": section.type,
        "image_id": instance.image if instance else None,
        "declared_image": section.image,
        "declared_image_id": wanted.image.identity if wanted.image else None,
        "lifecycle": member.lifecycle if member else None,
        "volumes": [
            {"volume_id": each.volume, "device": each.device, "gib": sizes.get(each.volume), "goes": each.goes}
            for each in (member.disks if member else ())
        ],
        "address": as_host(nixtui, stack.name, wanted.host, instance).address if instance else None,
        "private_address": instance.private_address if instance else None,
        "public_address": instance.public_address if instance else None,
        "launched_at": rfc3339(instance.launched_at) if instance else None,
        "differs": told,
    }


def _other(stack: Stack, member: Member) -> dict[str, Any]:
    if stack.has(member):
        why = f"it is host {member.host} of this stack, which nixtui.toml does not declare, or one too many"
    else:
        fleet = f"fleet {member.fleet}" if member.fleet else "a fleet without a name"
        why = f"it has this stack's name and is of {fleet}, account {member.owner or '–'}"
    return {"instance_id": member.identity, "state": member.state, "host": member.host or None, "why": why}


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    sizes = [each["gib"] for each in row["volumes"]]
    disks = " + ".join(shown(size) for size in sizes) + " GiB" if sizes else "–"
    launched = row["launched_at"]
    since = None
    if launched is not None:
        since = time.time() - _moment(launched)
    return (
        row["name"],
        shown(row["instance_id"]),
        row["state"],
        shown(row["type"]),
        shown(row["lifecycle"]),
        disks,
        shown(row["address"]),
        age(since),
        "yes" if row["differs"] else "–",
    )


def _moment(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
