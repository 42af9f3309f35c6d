"""`nixtui delete-generations SELECTOR…`: delete old generations of hosts, never one that matters."""

from argparse import ArgumentParser, Namespace

from nixtui.activation.retention import deletion_job, measure, plan_deletion
from nixtui.activation.rollback import Seen
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.proposing import add_consent, propose
from nixtui.model.retention import BadRetention, Retention, parse_retention
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="hosts: a name, web-*, tag:role=web, all")
    parser.add_argument("--keep", metavar="N", help="keep the newest N generations")
    parser.add_argument("--older-than", metavar="AGE", help="delete only those older than 30d, 12h, 4w")
    add_consent(parser)


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report. What runs, booted, boots next, is the profile, came before or is pinned always stays."""
    try:
        rule = parse_retention(" ".join(each for each in (arguments.keep, arguments.older_than) if each))
        if arguments.keep and rule.keep is None:
            raise BadRetention(f'--keep takes a number, not "{arguments.keep}"')
    except BadRetention as error:
        raise UsageError(f"{error}: --keep 5, --older-than 30d") from error
    hosts = await nixtui.select(arguments.selectors)
    return await propose(nixtui, await prepare_deletion(nixtui, await nixtui.ask_generations(hosts), rule), arguments)


async def prepare_deletion(nixtui: Assembly, seen: list[Seen], rule: Retention) -> Prepared:
    """The plan with its work; asks the hosts what it would free."""
    deletion = plan_deletion(
        seen,
        rule,
        nixtui.activation,
        freed=await measure(seen, rule, nixtui.reach),
        operation=nixtui.new_identity(),
        operator=nixtui.operator,
    )
    return Prepared(deletion.operation, deletion.plan, deletion_job(deletion, nixtui.reach))
