"""`nixtui stack deploy NAME [HOST…]`: `nixtui deploy` to the hosts of a stack."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.commands import deploy
from nixtui.cli.exits import Exit
from nixtui.cli.stacks.declared import chosen, declared, there


def add(parser: ArgumentParser) -> None:
    """Declare the arguments: those of `nixtui deploy`, whose selectors are names of the stack's hosts."""
    parser.add_argument("name", metavar="NAME", help="a [stacks.NAME] of nixtui.toml")
    deploy.add(parser)
    parser.usage = "nixtui stack deploy NAME [HOST…] [options of nixtui deploy]"


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Only where all of them are there."""
    name, section = arguments.name, declared(nixtui, arguments.name)
    hosts = await there(nixtui, name, chosen(section, name, arguments.selectors))
    arguments.selectors = [host.name for host in hosts]
    return await deploy.run(arguments, nixtui)
