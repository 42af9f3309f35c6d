"""`nixtui build [SELECTOR…]`: build systems and watch; `--replay FILE`: a recorded event stream of a build."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.build_history import history, to_try_again
from nixtui.cli.build_places import add_place
from nixtui.cli.building import build
from nixtui.cli.exits import Exit
from nixtui.cli.replaying import add_replay, replay


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="*", help="hosts: a name, web-*, tag:role=web; else all")
    parser.add_argument("--dry-run", action="store_true", help="evaluate, print the commands and what nix would do")
    parser.add_argument("--keep-going", action="store_true", help="build whatever does not need what failed")
    parser.add_argument("--leave", action="store_true", help="leave the result where it was built, with --on")
    add_place(parser)
    parser.add_argument("--retry", metavar="OPERATION", help="only hosts whose system that build did not get built")
    parser.add_argument("--history", action="store_true", help="builds of the past, and where their streams are kept")
    parser.add_argument("--trace", action="store_true", help="the whole trace of evaluations that fail")
    parser.add_argument("--yes", action="store_true", help="do not ask before another machine is touched")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the journal")
    parser.add_argument("--json", action="store_true", help="events, one object a line; the last is the summary")
    add_replay(parser)


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Build, or show what was built."""
    if arguments.replay is not None:
        return await replay(arguments)
    if arguments.history:
        return await history(nixtui, as_json=arguments.json)
    selectors = arguments.selectors or ["all"]
    if arguments.retry:
        selectors = await to_try_again(nixtui, arguments.retry)
    return await build(nixtui, selectors, arguments)
