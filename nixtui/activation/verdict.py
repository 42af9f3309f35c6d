"""What a host's own words about an operation mean for its report."""

from dataclasses import dataclass

from nixtui.activation.exit_codes import meaning
from nixtui.operations.report import Outcome
from nixtui.remote.guard import Finding, GuardOutcome, Refusal


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with its sentence for people and, where something is left to do, the next step."""

    outcome: Outcome
    detail: str | None = None
    remedy: str | None = None


def judge(finding: Finding, *, new: str, previous: str, boot_id: str | None, lasts: str | None = None) -> Verdict:
    """What became of going from `previous` to `new`, by what the host says and nothing else.

    `lasts` is what the profile was to get, where that is not `new`. `boot_id` is the boot in which the host was armed,
    if it was seen; another one now means that it was rebooted in between, which leaves no record but the links.
    """
    match finding.outcome:
        case GuardOutcome.COMMITTED if finding.current not in (None, new):
            return Verdict(Outcome.COMMITTED, "boots and is the profile; the old system runs until the next boot")
        case GuardOutcome.COMMITTED:
            return Verdict(Outcome.COMMITTED, "runs, boots and is the profile")
        case GuardOutcome.TESTED:
            return _tested(finding, new)
        case GuardOutcome.REVERTED:
            return Verdict(Outcome.REVERTED, _reverted(finding))
        case GuardOutcome.REVERT_FAILED:
            return Verdict(
                Outcome.FAILED,
                f"going back failed as well ({meaning(finding.revert_code or 0)}); it runs {finding.current}. "
                f"First: {finding.why}",
                f"log in and run {previous}/bin/switch-to-configuration test, or reboot: the boot entry is the old one",
            )
        case GuardOutcome.FAILED:
            return Verdict(Outcome.FAILED, f"{finding.why}; profile and boot entry are as they were")
        case GuardOutcome.NOT_BEGUN:
            return Verdict(Outcome.REFUSED, f"{finding.why}; nothing was done", "try again when it ended")
        case GuardOutcome.OPEN:
            return Verdict(Outcome.UNKNOWN, "it has not ended on the host yet", "ask again in a minute")
        case GuardOutcome.ABANDONED | GuardOutcome.ENDED | GuardOutcome.NONE:
            return _by_the_links(finding, new, previous, boot_id, lasts or new)


def _tested(finding: Finding, new: str) -> Verdict:
    if finding.current != new:
        return Verdict(Outcome.FAILED, f"the test ended well, but by now it runs {finding.current}", "look at it")
    return Verdict(Outcome.TESTED, "runs until the next reboot; profile and boot entry are as they were")


def _reverted(finding: Finding) -> str:
    code = finding.revert_code or 0
    units = "" if code == 0 else f" ({meaning(code)})"
    return f"it went back: {finding.why}; the old system runs again{units}"


def _by_the_links(finding: Finding, new: str, previous: str, boot_id: str | None, lasts: str) -> Verdict:
    """No record is left on the host; what it runs and what its profile says must do."""
    rebooted = boot_id is not None and finding.boot_id is not None and finding.boot_id != boot_id
    cause = "it was rebooted in the meantime" if rebooted else "the host has no record of it"
    if finding.current == new and finding.profile == lasts:
        return Verdict(Outcome.COMMITTED, f"{cause}; it runs the new system, and its profile says so")
    if finding.current == previous and finding.profile == lasts:
        return Verdict(
            Outcome.REVERTED,
            f"{cause}; it runs the old system, but its profile already says the new one",
            "roll back or deploy again to make both agree",
        )
    if finding.current == previous:
        return Verdict(
            Outcome.REVERTED if rebooted else Outcome.FAILED,
            f"{cause}; it runs the old system" + ("" if rebooted else ", nothing was changed"),
        )
    return Verdict(Outcome.UNKNOWN, f"{cause}; it runs {finding.current}", "look at its generations")


def judge_profile(finding: Finding, link: str) -> Verdict:
    """What became of a profile that is no system, by what the host says."""
    match finding.outcome:
        case GuardOutcome.COMMITTED:
            return Verdict(Outcome.COMMITTED, "active, and its profile leads to it")
        case GuardOutcome.REVERTED:
            again = "what it led to before is active again" if finding.current else "it led nowhere before"
            return Verdict(Outcome.REVERTED, f"the profile is as it was, {again}: {finding.why}")
        case GuardOutcome.REVERT_FAILED:
            return Verdict(
                Outcome.FAILED,
                f"activating what was before failed as well (exit {finding.revert_code}). First: {finding.why}",
                f"log in and look at {link}, which leads to {finding.current or 'nothing'}",
            )
        case GuardOutcome.FAILED:
            return Verdict(Outcome.FAILED, f"{finding.why}; the profile is as it was")
        case GuardOutcome.OPEN:
            return Verdict(Outcome.UNKNOWN, "it has not ended on the host yet", "ask again in a minute")
    return Verdict(Outcome.UNKNOWN, "the host has no record of it", f"look at {link}")


def judge_pull(finding: Finding, *, previous: str, profile: str, boot_id: str | None) -> Verdict:
    """What became of a host that fetched its system by itself, by what it says. Before, it ran `previous`."""
    if finding.outcome is GuardOutcome.COMMITTED and (finding.current, finding.profile) == (previous, profile):
        return Verdict(Outcome.UNCHANGED, "there was nothing new for it: it runs what it ran")
    new = previous if finding.outcome is GuardOutcome.REVERTED else finding.current or ""
    verdict = judge(finding, new=new, previous=previous, boot_id=boot_id, lasts=finding.profile)
    if finding.outcome is GuardOutcome.COMMITTED and finding.current == previous:
        return Verdict(Outcome.COMMITTED, "boots and is the profile; the old system runs until the next boot")
    return verdict


def judge_pruned(finding: Finding) -> Verdict:
    """What became of deleting generations, by what the host says."""
    match finding.outcome:
        case GuardOutcome.COMMITTED:
            return Verdict(Outcome.COMMITTED, "deleted, and their boot entries with them")
        case GuardOutcome.FAILED:
            return Verdict(Outcome.FAILED, finding.why, "look at its generations; deleting the same again is safe")
        case GuardOutcome.OPEN:
            return Verdict(Outcome.UNKNOWN, "the host is still at it, and finishes by itself", "ask again in a minute")
    return Verdict(Outcome.UNKNOWN, "the host has no record of it", "look at its generations")


def judge_broken(finding: Finding) -> Verdict:
    """What became of the operation whose lock was broken. That it ended is success, however it ended."""
    if finding.outcome is GuardOutcome.NONE:
        return Verdict(Outcome.UNCHANGED, "no operation held the lock")
    if finding.outcome in (GuardOutcome.OPEN, GuardOutcome.REVERT_FAILED):
        return Verdict(Outcome.FAILED, f"the operation is {finding.outcome.value}: {finding.why or 'it goes on'}")
    return Verdict(Outcome.COMMITTED, f"the operation that held it ended as {finding.outcome.value}")


def explain_refusal(refusal: Refusal, now: float) -> Verdict:
    """Why the host did nothing, in words; `now` is Unix seconds, for the age of a lock."""
    if refusal.word == "locked":
        operation, _, rest = refusal.detail.partition(" ")
        since, _, operator = rest.partition(" ")
        why, remedy = held_by(operation, operator, float(since) if since.isdecimal() else 0.0, now)
        return Verdict(Outcome.REFUSED, f"{why}; nothing was done", remedy)
    remedies = {
        "moved": "look again, then decide again",
        "inhibited": "take it with --action reboot: set the boot entry, then reboot",
        "room": "free room (old generations take most of it) and try again",
        "busy": "try again when it ended",
        "missing": "choose another generation, or deploy it again",
    }
    return Verdict(Outcome.REFUSED, f"{refusal.detail}; nothing was done", remedies.get(refusal.word))


def held_by(operation: str, operator: str, since: float, now: float) -> tuple[str, str]:
    """Who holds the lock of a host, in words, and what to do about it. Times are Unix seconds, 0 when unknown."""
    age = f", {_age(now - since)} ago" if since else ""
    return (
        f"locked by {operator or 'somebody'} with operation {operation}{age}",
        "wait for it, or break the lock (L in the app, --break-lock), which takes the host back to where that began",
    )


def _age(seconds: float) -> str:
    seconds = max(0, round(seconds))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
