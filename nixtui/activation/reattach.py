"""Finding out what became of an operation whose nixtui died in the middle."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from nixtui.activation.reboot import judge_boot
from nixtui.activation.verdict import Verdict, judge, judge_profile, judge_pruned, judge_pull
from nixtui.model.host import Host
from nixtui.operations.events import AnyEvent, Countdown, StepStarted, TargetFinished, of_last_plan
from nixtui.operations.journal import Entry
from nixtui.operations.plan import Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.remote import guard
from nixtui.remote.errors import RemoteError
from nixtui.remote.restart import look
from nixtui.remote.transport import Reach, Transport

_ON_HOSTS = frozenset({"rollback", "deploy", "delete-generations"})
"""The kinds of operation that leave their story on hosts; of others nobody can say how they ended."""

_WAYS_ON = {
    "image-": "the same command goes on from there; nixtui image left lists what there is",
    "stack-": "the same command goes on from there; nixtui stack list shows what there is",
}
"""What to do about operations whose story is at AWS, by how their kind begins."""

_BEFORE_THE_ACT = frozenset({"copying", "dry-activate"})
"""Steps that change nothing of what a host runs."""


async def find_out(
    entry: Entry, events: list[AnyEvent], hosts: Mapping[str, Host], reach: Reach, *, tidy: bool
) -> tuple[Report, bool]:
    """What the hosts of a cut-off operation say became of it, and whether that is final.

    It is not while a host is still armed or cannot be asked: then ask again later, and leave the journal open. With
    `tidy` a host whose story is known may forget its record, which takes the right to become root there.
    """
    events = of_last_plan(events)
    told = {event.report.name: event.report for event in events if isinstance(event, TargetFinished)}
    reports = []
    final = True
    for target in entry.plan.targets:
        if target.refused is not None:
            report = left_out(target)
        elif target.name in told:
            report = told[target.name]
        else:
            report, settled = await _ask(entry, target, events, hosts.get(target.name), reach, tidy)
            final = final and settled
        reports.append(report)
    outcome = overall(report.outcome for report in reports)
    return Report(operation=entry.operation, outcome=outcome, targets=tuple(reports), interrupted=True), final


async def _ask(
    entry: Entry, target: Target, events: list[AnyEvent], host: Host | None, reach: Reach, tidy: bool
) -> tuple[TargetReport, bool]:
    def report(
        outcome: Outcome, detail: str | None, remedy: str | None = None, code: int | None = None
    ) -> TargetReport:
        return TargetReport(
            name=target.name,
            outcome=outcome,
            before=target.before,
            after=target.after,
            exit_code=code,
            detail=detail,
            remedy=remedy,
        )

    if entry.kind == "run":
        return report(Outcome.UNKNOWN, "nixtui left in the middle, and the command was ended with it"), True
    if entry.kind not in (*_ON_HOSTS, "reboot"):
        kept = target.facts.get("record")
        where = f"; what it told is kept: nixtui build --replay {kept}" if kept else ""
        way_on = next((words for kind, words in _WAYS_ON.items() if entry.kind.startswith(kind)), None)
        return report(Outcome.UNKNOWN, f"nixtui died in the middle{where}", way_on), True
    if host is None:
        return report(Outcome.UNKNOWN, "nixtui died in the middle, and the host is not in the inventory any more"), True
    if entry.kind == "reboot":
        return await _ask_about_reboot(target, host, reach, report)
    beside = [name for name in target.facts.get("legs", "").split() if name != "system"]
    try:
        async with reach(host) as transport:
            if beside and (told := await _ask_beside(entry.operation, target, beside, transport, tidy)) is not None:
                outcome, detail, final = told
                return report(outcome, f"nixtui died in the middle; {detail}"), final
            found = await guard.inspect(transport, entry.operation)
            if found.outcome is guard.GuardOutcome.OPEN:
                left = f" and goes back by itself in {round(found.left)} s" if found.left and found.left > 0 else ""
                return report(Outcome.UNKNOWN, f"nixtui died in the middle; the host is still at it{left}"), False
            if tidy and found.outcome is not guard.GuardOutcome.NONE:
                await _let_forget(transport, entry.operation)
    except RemoteError as error:
        return report(Outcome.UNKNOWN, f"nixtui died in the middle, and {error.reason}", error.remedy), False
    if entry.kind == "delete-generations":
        verdict = judge_pruned(found)
        return report(verdict.outcome, f"nixtui died in the middle; {verdict.detail}", verdict.remedy), True
    boot_id = next(
        (each.boot_id for each in events if isinstance(each, Countdown) and each.target == target.name), None
    )
    begun = any(
        isinstance(each, StepStarted) and each.target == target.name and each.step not in _BEFORE_THE_ACT
        for each in events
    )
    if not begun and found.outcome is guard.GuardOutcome.NONE:
        return report(Outcome.REFUSED, "not begun: nixtui died before its turn came"), True
    facts = target.facts
    if "pull" in facts:
        verdict = judge_pull(found, previous=facts["previous"], profile=facts["profile"], boot_id=boot_id)
    else:
        lasts = facts.get("system") or None
        verdict = judge(found, new=facts["new"], previous=facts["previous"], boot_id=boot_id, lasts=lasts)
    return report(verdict.outcome, f"nixtui died in the middle; {verdict.detail}", verdict.remedy, found.code), True


async def _ask_beside(
    operation: str, target: Target, beside: Sequence[str], transport: Transport, tidy: bool
) -> tuple[Outcome, str, bool] | None:
    """What became of profiles beside the system, and whether that is final; `None` where all of them are well and the
    system's own story is the one to tell.
    """
    sentences = []
    outcomes = []
    for name in beside:
        found = await guard.inspect(transport, f"{operation}-{name}")
        if found.outcome is guard.GuardOutcome.OPEN:
            return Outcome.UNKNOWN, f"the host is still at profile {name}", False
        if found.outcome is guard.GuardOutcome.NONE:
            verdict = Verdict(Outcome.REFUSED, "not begun")
        else:
            verdict = judge_profile(found, f"the profile {name}")
            if tidy:
                await _let_forget(transport, f"{operation}-{name}")
        sentences.append(f"{name}: {verdict.detail}")
        outcomes.append(verdict.outcome)
    has_system = "system" in target.facts["legs"].split()
    if has_system and all(each.is_success or each is Outcome.REFUSED for each in outcomes):
        system = await guard.inspect(transport, operation)
        if system.outcome is not guard.GuardOutcome.COMMITTED or all(each.is_success for each in outcomes):
            return None
    return overall(outcomes) if not has_system else Outcome.FAILED, "; ".join(sentences), True


async def _ask_about_reboot(
    target: Target, host: Host, reach: Reach, report: Callable[..., TargetReport]
) -> tuple[TargetReport, bool]:
    """The boot id says whether it was rebooted since it was looked at; its links and units say how well."""
    try:
        async with reach(host) as transport:
            found = await look(transport)
    except RemoteError as error:
        return report(Outcome.UNKNOWN, f"nixtui left in the middle, and {error.reason}", error.remedy), False
    if found.boot_id == target.facts.get("boot_id"):
        return report(Outcome.UNKNOWN, "nixtui left in the middle; the host was not rebooted"), True
    failed = tuple(target.facts.get("failed", "").split())
    before = msgspec.structs.replace(found, failed=failed)
    outcome, detail, remedy = judge_boot(before, found, target.facts.get("system", ""))
    return report(outcome, f"nixtui left in the middle; {detail}", remedy), True


async def _let_forget(transport: Transport, operation: str) -> None:
    """Not being allowed to tidy up takes nothing from the story; the next operation there sweeps it away."""
    with suppress(RemoteError):
        await guard.release(transport, operation)
