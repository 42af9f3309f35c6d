"""`nixtui ssh HOST [-- COMMAND…]`: the real ssh, the way nixtui goes itself."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.remote.shell import NoShell, in_foreground


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST", help="one host")
    parser.usage = "nixtui ssh HOST [-- COMMAND…]"


async def run(arguments: Namespace, nixtui: Assembly) -> int:
    """ssh's own exit status."""
    host = await nixtui.one(arguments.host)
    try:
        return await in_foreground(await nixtui.ssh_words(host, arguments.command_words), nixtui.surroundings.environ)
    except NoShell as error:
        raise UsageError(str(error)) from error
