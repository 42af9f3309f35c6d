"""`nixtui build --replay FILE [--json]`: a recorded event stream of a build."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.replaying import add_replay, replay


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_replay(parser)
    parser.add_argument("--json", action="store_true", help="one object; see the README for its keys")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:  # noqa: ARG001 - a recorded stream needs no fleet
    """Replay."""
    if arguments.replay is None:
        raise UsageError("name a recorded stream: nixtui build --replay FILE")
    return await replay(arguments)
