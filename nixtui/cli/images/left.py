"""`nixtui image left`: what nixtui made at AWS and nothing uses."""

import time
from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.login import add_login, open_session
from nixtui.cli.output import age, narrate, print_json, print_table, rfc3339, shown
from nixtui.config.paths import state_dir
from nixtui.images.catalogue import enabled_regions
from nixtui.images.leftovers import leftovers


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_login(parser)
    parser.add_argument("--all-regions", action="store_true", help="every region that is enabled for the account")
    parser.add_argument("--json", action="store_true", help="what is left as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Look and list; nothing is removed."""
    ec2 = nixtui.configuration.ec2
    async with open_session(arguments, nixtui) as session:
        if arguments.all_regions:
            regions = await enabled_regions(session)
        elif arguments.region or ec2 is None or not ec2.regions:
            regions = [await session.region()]
        else:
            regions = list(ec2.regions)
        found = await leftovers(session, regions, state_dir(nixtui.surroundings.environ))
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
                    "why": each.why,
                    "remedy": each.remedy,
                }
                for each in found
            ]
        )
        return Exit.DONE
    if not found:
        narrate(f"nothing is left in {', '.join(regions)}")
        return Exit.DONE
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
    print_table(("WHAT", "NAME", "REGION", "AGE", "SIZE", "WHY", "REMOVE IT"), rows)
    return Exit.DONE
