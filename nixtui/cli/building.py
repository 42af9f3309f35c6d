"""From selectors to built systems on the command line: evaluated, built, told quietly when all is well."""

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from time import monotonic

from nixtui.builds.building import Building
from nixtui.builds.job import BuildRequest, prepare_build
from nixtui.builds.plain_text import PlainText
from nixtui.cli.assembly import Assembly
from nixtui.cli.build_events import EventStream, emit, emit_evaluated, emit_summary
from nixtui.cli.build_places import asked, places_for
from nixtui.cli.carrying_out import stoppable, tell_what_was_cut_off
from nixtui.cli.consent import ask_consent
from nixtui.cli.evaluating import flake_of, systems_of
from nixtui.cli.exits import Exit, exit_for
from nixtui.cli.narration import plan_lines, report_lines
from nixtui.cli.output import narrate, plain
from nixtui.cli.proposing import show_plan
from nixtui.config.paths import state_dir
from nixtui.model.host import Host
from nixtui.model.system import System
from nixtui.nix.errors import NixError
from nixtui.nix.flake import Flake
from nixtui.nix.process import clean_line
from nixtui.nix.streaming import stream_nix
from nixtui.nix.trace import EvaluationFailed
from nixtui.nix.version import nix_version
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import left_out
from nixtui.operations.policy import Refused
from nixtui.operations.report import Outcome, Report, overall

_DRY_RUN_LIMIT_S = 300.0


async def build(nixtui: Assembly, selectors: Sequence[str], arguments: Namespace) -> Exit:
    """Evaluate, plan, build, report."""
    wanted = asked(arguments, keep_going=arguments.keep_going)
    flake = flake_of(nixtui, wanted.flake_words)
    hosts = await nixtui.select(selectors)
    try:
        began = monotonic()
        systems = await evaluate(flake, hosts, arguments)
        took = monotonic() - began
        version = await nix_version(flake.directory, flake.environ)
    except NixError as error:
        return _no_nix(error, arguments)
    places, environ = await places_for(nixtui, wanted, hosts)
    request = BuildRequest(
        systems=systems,
        places=places,
        options=wanted.options,
        version=version,
        directory=flake.directory,
        environ={**flake.environ, **environ},
        state=state_dir(nixtui.surroundings.environ),
        environments={host.name: host.environment for host in hosts},
        evaluated_in=took,
    )
    if arguments.dry_run:
        return await _dry_run(request, nixtui, arguments)
    return await _carry_out(request, nixtui, arguments)


async def evaluate(flake: Flake, hosts: Sequence[Host], arguments: Namespace) -> Mapping[str, System | NixError]:
    """Each host's system, or why there is none, told as it becomes known. Raises `NixError` where nix is missing."""

    def told(host: str, found: System | NixError) -> None:
        if arguments.json:
            emit_evaluated(host, found)
        elif isinstance(found, EvaluationFailed):
            for line in failure_lines(host, found, whole=arguments.trace):
                narrate(plain(line))

    return await systems_of(flake, hosts, told)


def failure_lines(host: str, failure: EvaluationFailed, *, whole: bool) -> list[str]:
    """What matters first; the whole trace where it was asked for."""
    where = f" ({failure.position})" if failure.position else ""
    lines = [f"{host}: cannot be evaluated: {failure.reason}{where}"]
    lines += [f"  → {failure.remedy}"] if failure.remedy else []
    lines += [f"  {line}" for line in (failure.trace if whole else failure.log)]
    if not whole and len(failure.trace) > len(failure.log):
        lines.append(f"  ({len(failure.trace)} lines of trace: nixtui build {host} --trace)")
    return lines


def _no_nix(error: NixError, arguments: Namespace) -> Exit:
    narrate(f"nixtui: {plain(str(error))}")
    if arguments.json:
        emit("summary", outcome="failed", exit_code=int(Exit.FAILED), hosts=[], detail=error.reason)
    return Exit.FAILED


async def _dry_run(request: BuildRequest, nixtui: Assembly, arguments: Namespace) -> Exit:
    prepared = prepare_build(request, nixtui.new_identity())
    status = show_plan(prepared.plan, as_json=arguments.json)
    drvs = [each.drv_path for each in request.systems.values() if isinstance(each, System)]
    if drvs and not arguments.json and all(place.is_here for place in request.places.values()):
        place = next(iter(request.places.values()))
        words = [each for each in place.dry_run(drvs, request.version, request.options) if each != "--json"]
        words = words[: words.index("--log-format")] + words[words.index("--log-format") + 3 :]
        try:
            await stream_nix(
                words,
                directory=request.directory,
                environ=request.environ,
                hear=_print_line,
                time_limit=_DRY_RUN_LIMIT_S,
                silence_limit=_DRY_RUN_LIMIT_S,
            )
        except NixError as error:
            narrate(plain(str(error)))
            return Exit.FAILED
    return status


def _print_line(line: bytes) -> bool:
    """What nix says it would build and fetch; kept as well, for when it fails."""
    print(f"  {clean_line(line)}")
    return False


async def _carry_out(request: BuildRequest, nixtui: Assembly, arguments: Namespace) -> Exit:
    await tell_what_was_cut_off(nixtui)
    seen: list[Building] = []
    closing: list[PlainText] = []

    def started(building: Building) -> None:
        seen.append(building)
        if arguments.json:
            emit("build_started", record=str(building.record.path))
            building.watchers.append(EventStream(building.tree, monotonic).take)
        else:
            closing.append(PlainText(building.tree, lambda line: narrate(plain(line)), monotonic))
            building.watchers.append(closing[0].take)

    prepared = prepare_build(request, nixtui.new_identity(), started)
    try:
        report = await _run(prepared, nixtui, arguments)
    except Refused as refusal:
        narrate(f"refused: {plain(str(refusal))}")
        targets = tuple(left_out(row, str(refusal)) for row in prepared.plan.targets)
        report = Report(operation=prepared.identity, outcome=Outcome.REFUSED, targets=targets)
    status = exit_for(report)
    if arguments.json:
        emit_summary(report, prepared.plan.kind, seen[0].tree if seen else None, int(status))
        return status
    for text in closing:
        text.end()
    _print(report, prepared, failed=status is not Exit.DONE)
    return status


def _print(report: Report, prepared: Prepared, *, failed: bool) -> None:
    """The store paths, one a line, when that is all there is to say; else every host with what became of it."""
    if failed:
        for line in report_lines(report, prepared.plan.kind):
            print(line)
        return
    for each in report.targets:
        print(f"{each.name}  {(each.detail or '').removesuffix(' is built already')}")


async def _run(prepared: Prepared, nixtui: Assembly, arguments: Namespace) -> Report:
    plan = prepared.plan
    if not plan.acting_on:
        targets = tuple(left_out(row) for row in plan.targets)
        return Report(operation=prepared.identity, outcome=overall(each.outcome for each in targets), targets=targets)
    consent = None
    if not plan.read_only:
        if not arguments.yes and sys.stdin.isatty():
            for line in plan_lines(plan, commands=True):
                narrate(line)
        consent = await ask_consent(plan, nixtui.policy, yes=arguments.yes, reason=arguments.reason)
    operation = prepared.begin(nixtui.clock)
    with stoppable(operation):
        return await operation.run(consent, nixtui.policy, await nixtui.journal())
