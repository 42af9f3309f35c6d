"""`nixtui instance show INSTANCE`: all that EC2 knows of one instance."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose
from nixtui.cli.instances.list import as_json
from nixtui.cli.output import plain, print_json


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("instance", metavar="INSTANCE", help="an id or the name of exactly one")
    add_login(parser)
    parser.add_argument("--json", action="store_true", help="the same as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Find it and print it."""
    async with logins_of(arguments, nixtui) as logins:
        (standing,) = await choose(arguments, nixtui, logins, [arguments.instance])
    told = as_json(standing)
    if arguments.json:
        print_json(told)
        return Exit.DONE
    tags = told.pop("tags")
    for key, value in told.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        print(f"{key.replace('_', ' '):<24} {'–' if text in (None, '') else plain(str(text))}")
    for key, value in sorted(tags.items()):
        print(f"{'tag':<24} {plain(key)} = {plain(value)}")
    return Exit.DONE
