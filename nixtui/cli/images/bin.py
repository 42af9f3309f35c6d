"""`nixtui image bin`: what lies in the recycle bin, and until when it can be had back."""

import time
from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.listing import narrate_problems, with_login
from nixtui.cli.images.login import add_login, logins_of, regions_of
from nixtui.cli.output import age, narrate, print_json, print_table, rfc3339, shown
from nixtui.images.recycling import list_bins
from nixtui.model.binned import Binned


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_login(parser, several=True)
    parser.add_argument("--all-regions", action="store_true", help="every region that is enabled for the account")
    parser.add_argument("--json", action="store_true", help="what lies there as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask every region at once; one that does not tell is said and does not hide the rest."""
    async with logins_of(arguments, nixtui) as logins:
        wanted = regions_of(arguments, nixtui, everywhere=arguments.all_regions)
        binned, problems, regions = await list_bins(logins, wanted)
    narrate_problems([(region, None, problem) for region, problem in problems], logins)
    if arguments.json:
        print_json([as_json(each, binned) for each in binned])
    elif binned:
        headings = ("WHAT", "NAME", "REGION", "KIND", "IN IT FOR", "GONE IN")
        rows = [_row(each, time.time()) for each in binned]
        print_table(*with_login(headings, rows, [each.login for each in binned], logins))
    elif not problems:
        narrate(f"the recycle bin is empty in {', '.join(regions)}")
    if not problems:
        return Exit.DONE
    if len(problems) < len(regions) or binned:
        return Exit.PARTIAL
    return Exit.UNREACHABLE if all(problem.may_pass for _, problem in problems) else Exit.FAILED


def as_json(each: Binned, binned: list[Binned]) -> dict[str, Any]:
    """What lies there as scripts get it; the keys are a contract."""
    owner = next((image.identity for image in binned if each.identity in image.snapshots), None)
    return {
        "kind": each.kind,
        "id": each.identity,
        "region": each.region,
        "name": each.name,
        "description": each.description,
        "entered_at": rfc3339(each.entered_at),
        "gone_at": rfc3339(each.gone_at),
        "snapshot_ids": list(each.snapshots),
        "image_id": owner,
        "profile": each.login,
    }


def _row(each: Binned, now: float) -> tuple[str, ...]:
    return (
        each.identity,
        shown(each.name or each.description),
        each.region,
        each.kind,
        age(None if each.entered_at is None else now - each.entered_at),
        age(None if each.gone_at is None else each.gone_at - now),
    )
