"""`nixtui run SELECTOR… -- COMMAND…`: one command on many hosts, their answers put together where they are the same."""

import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from nixtui.cli.assembly import Assembly
from nixtui.cli.changing import add_consent, change, report_json
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import plain, print_json
from nixtui.config.duration import parse_limit
from nixtui.config.value import BadValue
from nixtui.operations.plan import Plan
from nixtui.operations.report import Report, word
from nixtui.upkeep.command import LIMIT_S, Command, prepare_run
from nixtui.upkeep.output import Group, grouped


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="hosts: a name, web-*, tag:role=web, all")
    parser.add_argument("--sudo", action="store_true", help="as root, as [ssh] elevate says; else the login user")
    parser.add_argument("--timeout", metavar="T", default=f"{LIMIT_S:g}s", help="for each host (default: %(default)s)")
    add_consent(parser)
    parser.usage = "nixtui run SELECTOR… [options] -- COMMAND…"
    parser.epilog = (
        "Each word after -- reaches the hosts as one word; for a pipe, ask for a shell: -- sh -c 'df -h | tail -1'. "
        "The command and what it prints go into the journal: no secrets in it."
    )


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report."""
    words: list[str] = arguments.command_words
    if not words:
        raise UsageError("which command? nixtui run SELECTOR… -- COMMAND…")
    try:
        limit = parse_limit(arguments.timeout)
    except BadValue as error:
        raise UsageError(f"--timeout: {error}") from error
    hosts = await nixtui.select(arguments.selectors)
    command = Command(shlex.join(words), as_root=arguments.sudo, limit=limit)
    prepared = prepare_run(hosts, command, nixtui.reach, nixtui.new_identity())

    def show(report: Report, plan: Plan) -> None:
        groups = grouped(report.targets)
        if arguments.json:
            print_json(
                {**report_json(report, plan), "command": command.text, "groups": [_json(each) for each in groups]}
            )
        else:
            for line in group_lines(groups):
                print(line)

    return await change(nixtui, prepared, arguments, show)


def group_lines(groups: Sequence[Group]) -> list[str]:
    """The answers for people, the odd ones first."""
    lines = []
    for each in groups:
        lines.append(f"{each.heading}: {' '.join(each.hosts)}")
        if each.detail and each.exit_code is None:
            lines.append(f"  {each.detail}")
        lines.extend(f"  {line}" for line in each.output)
    return [plain(line) for line in lines]


def _json(group: Group) -> dict[str, object]:
    return {
        "hosts": list(group.hosts),
        "outcome": word(group.outcome, "run"),
        "exit_code": group.exit_code,
        "detail": group.detail,
        "output": list(group.output),
    }
