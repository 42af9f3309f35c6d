"""`nixtui instance doors INSTANCE`: the ways into an instance that SSH cannot reach."""

import shutil
from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose
from nixtui.cli.output import plain, print_json
from nixtui.instances.doors import doors, look


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("instance", metavar="INSTANCE", help="an id or the name of exactly one")
    add_login(parser)
    parser.add_argument("--json", action="store_true", help="the doors as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Find out and print; nothing is opened."""
    path = nixtui.surroundings.environ.get("PATH")
    async with logins_of(arguments, nixtui) as logins:
        (standing,) = await choose(arguments, nixtui, logins, [arguments.instance])
        session = logins.of(standing.instance.login)
        plugin = shutil.which("session-manager-plugin", path=path) is not None
        found = doors(standing.instance, await look(session, standing.instance, plugin=plugin))
    if arguments.json:
        print_json(
            [
                {"door": each.name, "can_work": each.closed is None, "closed": each.closed, "doubt": each.doubt}
                | {"command": each.words}
                for each in found
            ]
        )
        return Exit.DONE
    for each in found:
        print(f"{'✗' if each.closed else '·'} {each.name:<22} {plain(each.closed or each.words)}")
        if each.doubt and not each.closed:
            print(f"{'':<25}{plain(each.doubt)}")
    return Exit.DONE
