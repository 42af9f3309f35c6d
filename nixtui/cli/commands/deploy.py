"""`nixtui deploy [SELECTOR…]`: build, copy and activate systems, under the guard and in waves."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from time import monotonic

import msgspec

from nixtui.builds.building import Building
from nixtui.builds.plain_text import PlainText
from nixtui.cli.assembly import Assembly
from nixtui.cli.build_events import EventStream, emit
from nixtui.cli.build_places import add_place, asked
from nixtui.cli.carrying_out import stoppable
from nixtui.cli.consent import ask_consent
from nixtui.cli.deploying import Deploying
from nixtui.cli.events import print_event, print_line
from nixtui.cli.exits import Exit, UsageError, exit_for
from nixtui.cli.narration import plan_lines
from nixtui.cli.output import narrate, plain
from nixtui.cli.proposing import add_consent, decide, number, print_report, report_json, show_plan
from nixtui.deploys.choice import Action, Choice
from nixtui.deploys.copying import AT_ONCE, CopySettings
from nixtui.deploys.past import missed, quarantined, to_try_again
from nixtui.deploys.plan import KIND
from nixtui.deploys.preflight import Candidate
from nixtui.model.host import Host
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Consent, Refused
from nixtui.operations.report import Outcome, Report

REMEMBERED = 2000
"""Operations that are looked at for what was missed and what failed."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="*", help="hosts: a name, web-*, tag:role=web; else all")
    parser.add_argument(
        "--action",
        choices=[action.value for action in Action],
        default=Action.SWITCH.value,
        help="switch live under the guard (default), only set what boots next, test it until the next reboot, only "
        "copy it and ask what would change, or only build it and compare",
    )
    parser.add_argument("--specialisation", metavar="NAME", help="activate this specialisation of the system")
    parser.add_argument(
        "--catch-up", action="store_true", help="only hosts that were away when they were last deployed to"
    )
    parser.add_argument(
        "--retry", metavar="OPERATION", help="the hosts that did not get there in that deploy, with the same systems"
    )
    parser.add_argument(
        "--force-quarantined", action="store_true", help="also systems that failed and went back before"
    )
    parser.add_argument(
        "--substitute-on-destination",
        action="store_true",
        help="let hosts fetch from their own substituters what these have",
    )
    parser.add_argument(
        "--copy-first",
        action="store_true",
        help="copy before asking, after a yes of its own: then the hosts say which units would stop, start or restart",
    )
    parser.add_argument("--copies", metavar="N", type=int, default=AT_ONCE, help="copy to so many hosts at once")
    add_place(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument(
        "--events", action="store_true", help="every event as it happens and then the report, one JSON object a line"
    )


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Build, look, ask, do, report."""
    arguments.json = arguments.json or arguments.events
    hosts, systems = await _wanted(arguments, nixtui)
    if not hosts:
        narrate("no host has missed a deploy")
        nothing = Plan(kind=KIND, title="Deploy to nobody", targets=(), steps=())
        return _end(Report(operation="", outcome=Outcome.UNCHANGED, targets=()), nothing, arguments)
    texts: list[PlainText] = []

    def watch(_: str, building: Building) -> None:
        if arguments.events:
            emit("build_started", record=str(building.record.path))
            building.watchers.append(EventStream(building.tree, monotonic).take)
        if not arguments.json:
            texts.append(PlainText(building.tree, lambda line: narrate(plain(line)), monotonic))
            building.watchers.append(texts[-1].take)

    async def agree(plan: Plan) -> Consent:
        if arguments.dry_run:
            raise Refused("not done in a dry run")
        for line in plan_lines(plan, commands=True):
            narrate(line)
        return await ask_consent(plan, nixtui.policy, yes=arguments.yes, reason=arguments.reason)

    where = asked(arguments, keep_going=True)
    deploying = Deploying(nixtui, watch=watch, stoppable=stoppable, consent=agree, asked=where)
    built = await deploying.build(hosts, systems)
    for text in texts:
        text.end()
    await deploying.keep(built)
    narrate(f"looking at {len(hosts)} hosts …")
    candidates = await deploying.examine(hosts, built)
    choice = Choice(
        action=Action(arguments.action),
        specialisation=arguments.specialisation,
        quarantined=quarantined(await (await nixtui.journal()).entries(limit=REMEMBERED)),
        force_quarantined=arguments.force_quarantined,
    )
    copying = CopySettings(at_once=max(1, arguments.copies), substitute=arguments.substitute_on_destination)
    if arguments.copy_first and choice.action is not Action.BUILD:
        first = deploying.prepare_copy(candidates, choice, copying)
        if first is not None and await _copy_first(nixtui, first, deploying, arguments):
            candidates = await deploying.examine(hosts, built)
    proposal = await deploying.propose(candidates, choice)
    deploy, known = proposal.deploy, proposal.known
    if choice.action is Action.BUILD:
        known = {each.host.name: [*_system(each), *known[each.host.name]] for each in candidates}
        return show_plan(deploy.plan, as_json=arguments.json, shape=number, known=known)
    prepared = deploying.prepare(proposal, copying)
    if arguments.dry_run:
        return show_plan(deploy.plan, as_json=arguments.json, shape=number, known=known)
    if arguments.events:
        report = await decide(nixtui, prepared, arguments, known, print_event)
    else:
        report = await decide(nixtui, prepared, arguments, known)
    if deploying.was_stopped:
        report = msgspec.structs.replace(report, interrupted=True)
    if not deploy.plan.acting_on:
        await deploying.remember_who_was_away(prepared, report)
    return _end(report, deploy.plan, arguments)


def _system(candidate: Candidate) -> list[str]:
    return [candidate.system] if candidate.system is not None else []


async def _copy_first(nixtui: Assembly, prepared: Prepared, deploying: Deploying, arguments: Namespace) -> bool:
    """Copy what is missing, after a yes of its own; whether anything was copied."""
    if arguments.dry_run:
        narrate("nothing is copied in a dry run")
        return False
    report = await decide(nixtui, prepared, arguments, begun=deploying.go_on_with)
    return report.outcome is not Outcome.REFUSED


async def _wanted(arguments: Namespace, nixtui: Assembly) -> tuple[Sequence[Host], Mapping[str, str]]:
    """Which hosts, and for some of them which systems they are to have rather than what the flake says now."""
    if not (arguments.catch_up or arguments.retry):
        return await nixtui.select(arguments.selectors or ["all"]), {}
    journal = await nixtui.journal()
    if arguments.retry:
        entry = await journal.entry(arguments.retry)
        if entry is None or entry.kind != KIND:
            raise UsageError(
                f'"{arguments.retry}" is no deploy in the journal, or not the only one; see: nixtui journal'
            )
        systems = to_try_again(entry)
    else:
        systems = {each.host: each.system or "" for each in missed(await journal.entries(limit=REMEMBERED))}
    hosts = await nixtui.select(arguments.selectors) if arguments.selectors else await nixtui.hosts()
    return [host for host in hosts if host.name in systems], {name: path for name, path in systems.items() if path}


def _end(report: Report, plan: Plan, arguments: Namespace) -> Exit:
    if arguments.events:
        print_line({"event": "report", **report_json(report, plan, number)})
    else:
        print_report(report, plan, as_json=arguments.json, shape=number)
    return exit_for(report)
