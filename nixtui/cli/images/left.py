"""`nixtui image left`: what nixtui made at AWS and nothing uses."""

import time
from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.listing import narrate_problems, with_login
from nixtui.cli.images.login import add_login, logins_of, regions_of
from nixtui.cli.output import age, narrate, print_json, print_table, rfc3339, shown
from nixtui.config.paths import state_dir
from nixtui.images.leftovers import all_leftovers


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_login(parser, several=True)
    parser.add_argument("--all-regions", action="store_true", help="every region that is enabled for the account")
    parser.add_argument("--json", action="store_true", help="what is left as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Look and list; nothing is removed. One of several logins that does not tell hides nothing of the others."""
    async with logins_of(arguments, nixtui) as logins:
        where = regions_of(arguments, nixtui, everywhere=arguments.all_regions)
        found, regions, problems = await all_leftovers(logins, where, state_dir(nixtui.surroundings.environ))
    if problems and not logins.several:
        raise problems[0]
    narrate_problems([("", None, problem) for problem in problems], logins)
    ended = Exit.DONE if not problems else Exit.PARTIAL if regions else Exit.FAILED
    if arguments.json:
        print_json(
            [
                {
                    "kind": each.kind,
                    "id": each.identity,
                    "region": each.region,
                    "name": each.name,
                    "size_gib": each.gib,
                    "created_at": rfc3339(each.created_at),
                    "profile": each.login,
                    "account": each.account,
                    "why": each.why,
                    "remedy": each.remedy,
                }
                for each in found
            ]
        )
        return ended
    if not found:
        if regions:
            narrate(f"nothing is left in {', '.join(regions)}")
        return ended
    now = time.time()
    rows = [
        (
            each.identity,
            shown(each.name),
            each.region,
            age(None if each.created_at is None else now - each.created_at),
            "–" if each.gib is None else f"{each.gib} GiB",
            each.why,
            each.remedy,
        )
        for each in found
    ]
    headings = ("WHAT", "NAME", "REGION", "AGE", "SIZE", "WHY", "REMOVE IT")
    print_table(*with_login(headings, rows, [each.login for each in found], logins))
    return ended
