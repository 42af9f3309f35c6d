"""From a plan to its report on the command line: shown, asked about, carried out, printed. The same for every job."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import carry_out
from nixtui.cli.consent import ask_consent
from nixtui.cli.exits import Exit, exit_for
from nixtui.cli.narration import narrate_event, plan_lines, report_lines
from nixtui.cli.output import narrate, print_json
from nixtui.operations.operation import Operation, Prepared, Subscriber
from nixtui.operations.plan import Plan, left_out
from nixtui.operations.policy import Refused
from nixtui.operations.report import Outcome, Report, TargetReport, overall

Shape = Callable[[str | None], Any]
"""How JSON has a target's `before` and `after`."""

Known = Mapping[str, Sequence[str]]
"""Lines about targets, by name, that one decides by."""

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""Where nothing more is known or printed."""

_SHORT = 12
"""As many commands fit on every terminal beside the rest of a plan."""


def add_consent(parser: ArgumentParser) -> None:
    """Declare what every command takes that changes hosts."""
    parser.add_argument("--dry-run", action="store_true", help="print the plan with its commands and stop")
    parser.add_argument("--yes", action="store_true", help="do not ask (where the environment allows it)")
    parser.add_argument("--show-commands", action="store_true", help="show every command before asking, however many")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the journal")


def as_it_is(label: str | None) -> str | None:
    """The shape of a label that is text."""
    return label


def number(label: str | None) -> int | None:
    """The shape of a generation; `None` for a system that is none."""
    return int(label) if label and label.isdecimal() else None


async def propose(
    nixtui: Assembly,
    prepared: Prepared,
    arguments: Namespace,
    shape: Shape = as_it_is,
    *,
    known: Known = NOTHING,
    more: Mapping[str, Any] = NOTHING,
) -> Exit:
    """Show the plan, ask, do it, print the report. With `--dry-run` only print the plan.

    `known` is what one decides by, and `more` goes into the JSON beside what all have.
    """
    plan = prepared.plan
    if arguments.dry_run:
        return show_plan(plan, as_json=arguments.json, shape=shape, known=known, more=more)
    report = await decide(nixtui, prepared, arguments, known)
    print_report(report, plan, as_json=arguments.json, shape=shape, more=more)
    return exit_for(report)


async def decide(
    nixtui: Assembly,
    prepared: Prepared,
    arguments: Namespace,
    known: Known = NOTHING,
    watch: Subscriber = narrate_event,
    begun: Callable[[Operation], None] = lambda _: None,
) -> Report:
    """Ask and do; what was refused, or leaves nothing to do, is a report as well. `watch` and `begun` are those of
    `carry_out`.
    """
    plan = prepared.plan
    if not plan.acting_on:
        return _nothing(prepared, None)
    if not arguments.json or not arguments.yes:
        commands = wants_commands(plan, arguments)
        for line in plan_lines(plan, commands=commands, known=known):
            narrate(line)
    try:
        consent = await ask_consent(plan, nixtui.policy, yes=arguments.yes, reason=arguments.reason)
        return await carry_out(nixtui, prepared, consent, watch, begun)
    except Refused as refusal:
        narrate(f"refused: {refusal}")
        return _nothing(prepared, str(refusal))


def wants_commands(plan: Plan, arguments: Namespace) -> bool:
    """Whether the commands are shown before the question: where asked for, or few."""
    return bool(arguments.show_commands) or sum(len(step.commands) for step in plan.steps) <= _SHORT


def _nothing(prepared: Prepared, refusal: str | None) -> Report:
    """The report of a plan that was not carried out: each target's own reason, or the refusal of the whole."""
    targets = tuple(left_out(row, refusal) for row in prepared.plan.targets)
    outcome = Outcome.REFUSED if refusal else overall(target.outcome for target in targets)
    return Report(operation=prepared.identity, outcome=outcome, targets=targets)


def dry_exit(plan: Plan) -> Exit:
    """How the act would end if all that it acts on went well: 0, or what those that are left out make of it."""
    would = overall(row.refused_as if row.refused else Outcome.COMMITTED for row in plan.targets)
    return exit_for(Report(operation="", outcome=would, targets=()))


def show_plan(
    plan: Plan, *, as_json: bool, shape: Shape = as_it_is, known: Known = NOTHING, more: Mapping[str, Any] = NOTHING
) -> Exit:
    """`--dry-run`."""
    if as_json:
        print_json(
            {
                "dry_run": True,
                "title": plan.title,
                "hosts": [
                    {
                        "name": row.name,
                        "environment": row.environment,
                        "from": shape(row.before),
                        "to": shape(row.after),
                        "wave": row.wave,
                        "outcome": row.refused_as.value if row.refused else None,
                        "detail": row.refused,
                        "remedy": row.remedy,
                        "known": list(known.get(row.name, ())),
                        "warnings": list(row.warnings),
                    }
                    for row in plan.targets
                ],
                "steps": [{"title": step.title, "commands": list(step.commands)} for step in plan.steps],
                "warnings": [*plan.warnings, *plan.irreversible],
                **more,
            }
        )
    else:
        for line in plan_lines(plan, commands=True, known=known):
            print(line)
    return dry_exit(plan)


def print_report(
    report: Report, plan: Plan, *, as_json: bool, shape: Shape = as_it_is, more: Mapping[str, Any] = NOTHING
) -> None:
    """The report; whoever stopped reading does not change how it ended."""
    with suppress(BrokenPipeError):
        if as_json:
            print_json({**report_json(report, plan, shape), **more})
            return
        for line in report_lines(report):
            print(line)


def hosts_json(targets: Sequence[TargetReport], plan: Plan, shape: Shape = as_it_is) -> list[dict[str, Any]]:
    """The hosts of a report, as every command has them; with both systems where the plan knows them."""
    facts = {row.name: row.facts for row in plan.targets}
    systems = any("new" in each for each in facts.values())

    def host(each: TargetReport) -> dict[str, Any]:
        named = facts.get(each.name, {})
        paths = {"from_system": named.get("previous"), "to_system": named.get("new")} if systems else {}
        phase = {"phase": each.phase} if each.phase is not None else {}
        return {
            "name": each.name,
            "outcome": each.outcome.value,
            "from": shape(each.before),
            "to": shape(each.after),
            "exit_code": each.exit_code,
            "detail": each.detail,
            "remedy": each.remedy,
            "seconds": each.seconds,
            **paths,
            **phase,
        }

    return [host(each) for each in targets]


def report_json(report: Report, plan: Plan, shape: Shape = as_it_is) -> dict[str, Any]:
    """A report as scripts get it."""
    return {
        "operation": report.operation,
        "outcome": report.outcome.value,
        "hosts": hosts_json(report.targets, plan, shape),
    }
