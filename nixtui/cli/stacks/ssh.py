"""`nixtui stack ssh NAME HOST [-- COMMAND…]`: the real ssh to a host of a stack."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.cli.stacks.declared import chosen, declared, there
from nixtui.remote.shell import NoShell, in_foreground


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a [stacks.NAME] of nixtui.toml")
    parser.add_argument("host", metavar="HOST", help="one of its hosts")
    parser.usage = "nixtui stack ssh NAME HOST [-- COMMAND…]"


async def run(arguments: Namespace, nixtui: Assembly) -> int:
    """ssh's own exit status."""
    name = arguments.name
    (host,) = await there(nixtui, name, chosen(declared(nixtui, name), name, [arguments.host]))
    try:
        return await in_foreground(await nixtui.ssh_words(host, arguments.command_words), nixtui.surroundings.environ)
    except NoShell as error:
        raise UsageError(str(error)) from error
