"""What one can do about builds: begin one, choose one, try again what failed, take its log along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nixtui.builds.record import KIND, has_build
from nixtui.operations.report import word
from nixtui.tui import opening, units
from nixtui.tui.notices import Level
from nixtui.tui.paint import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nixtui.operations.plan import Plan
    from nixtui.operations.report import Report
    from nixtui.tui.cockpit import Cockpit
    from nixtui.tui.screens.builds import BuildsScreen
    from nixtui.tui.screens.place import Place

HERE = "here"
"""Where is built unless somebody says where else."""

_MOST = 500
_COPIED_LINES = 60
"""A ticket takes so many without becoming the log itself."""


@dataclass(frozen=True, slots=True)
class KnownBuild:
    """A build of this nixtui or of the journal, or a deploy that began with one; without a report it runs, or was cut
    off.
    """

    identity: str
    plan: Plan
    started_at: float | None
    report: Report | None
    is_running: bool = False


async def known_builds(cockpit: Cockpit) -> Sequence[KnownBuild]:
    """Those that run first, then the newest."""
    begun = [each for each in cockpit.operations.begun() if has_build(each.plan)]
    here = {each.id for each in begun}
    found = [KnownBuild(each.id, each.plan, each.started_at, each.report, each.is_running) for each in begun[::-1]]
    found += [
        KnownBuild(each.operation, each.plan, each.started_at, each.report)
        for each in await cockpit.operations.past(_MOST)
        if has_build(each.plan) and each.operation not in here
    ]
    return sorted(found, key=lambda each: not each.is_running)


def build(place: Place) -> None:
    """Propose to build the systems of the selected hosts."""
    propose(place, place.selection().hosts)


def propose(place: Place, names: Sequence[str], *, keep_going: bool = False, on: str = HERE) -> None:
    """Propose to build the systems of these hosts, here or `on` another place; evaluates them first."""
    from nixtui.tui.screens.confirming import PlanQuestion

    builds = place.session.cockpit.builds
    what = f"the system of {clean(names[0])}" if len(names) == 1 else f"{len(names)} systems"
    question = PlanQuestion(
        f"Build {what}{_there(on)}",
        "Build",
        lambda: builds.plan(names, keep_going=keep_going, on=on),
        asking="evaluating the flake",
        command=["nixtui", "build", *names, *(["--keep-going"] if keep_going else []), *_words(on)],
        of_many="Build {} systems",
    )
    opening.plan(place.nixtui, names, question)


def deploy(place: Place) -> None:
    """Propose to deploy to the selected hosts what the flake says now."""
    propose_deploy(place, place.selection().hosts)


def propose_deploy(place: Place, names: Sequence[str], *, on: str = HERE) -> None:
    """Propose to deploy to these hosts; builds their systems, here or `on` another place, and looks at the hosts."""
    from nixtui.tui.screens.confirming import PlanQuestion

    builds = place.session.cockpit.builds
    hosts = clean(names[0]) if len(names) == 1 else f"{len(names)} hosts"
    question = PlanQuestion(
        f"Deploy to {hosts}{_there(on, 'built ')}",
        "Deploy",
        lambda: builds.plan_deploy(names, on=on),
        asking="evaluating, building, and looking at the hosts",
        command=["nixtui", "deploy", *names, *_words(on)],
        known=builds.findings,
        of_many="Deploy to {} hosts",
        firsts={KIND: "Build there first"},
    )
    opening.plan(place.nixtui, names, question)


def _there(on: str, verb: str = "") -> str:
    return "" if on == HERE else f", {verb}on {clean(on)}"


def _words(on: str) -> Sequence[str]:
    return () if on == HERE else ("--on", on)


async def choose(on: BuildsScreen) -> None:
    """One of the builds that are known."""
    now, options = on.session.cockpit.clock(), []
    cut_off = await on.session.cockpit.operations.cut_off()
    for each in await known_builds(on.session.cockpit):
        age = "" if each.started_at is None else f"{units.age(now - each.started_at)} ago"
        ended = "running" if each.report is None else word(each.report.outcome, each.plan.kind)
        if each.identity in cut_off:
            ended = "cut off"
        options.append((each.identity, f"{age:>8}  {ended:<10} {clean(each.plan.title)}"))
    if options:
        opening.choice(on, "Builds", options, on.show_build)
    else:
        on.session.say(Level.INFO, "Nothing was built yet; B on hosts of the fleet builds their systems.")


async def retry(on: BuildsScreen) -> None:
    """Propose again the hosts whose system is not there."""
    known = next((each for each in await known_builds(on.session.cockpit) if each.identity == on.identity), None)
    if known is None:
        on.session.say(Level.INFO, "There is no build to try again.")
        return
    if known.is_running:
        on.session.say(Level.INFO, "It is still running; X stops it.")
        return
    targets = known.report.targets if known.report else ()
    failed = [each.name for each in targets if not each.outcome.is_success]
    if not known.report:
        failed = [each.name for each in known.plan.targets]
    names = [each for each in failed if each in on.session.cockpit.fleet]
    if names and known.plan.kind == KIND:
        propose(on, names)
    elif names:
        propose_deploy(on, names)
    elif failed:
        on.session.say(Level.WARNING, "None of its hosts is in the fleet any more.")
    else:
        on.session.say(Level.INFO, "Nothing of it failed.")


async def save(on: BuildsScreen) -> None:
    """The whole log of the selected derivation, or the verdict, to a new file."""
    lines = await on.whole_log()
    name = on.chosen.name if on.chosen is not None else "verdict"
    path = await on.session.cockpit.builds.save(name, lines)
    on.session.say(Level.DONE, f"Saved {len(lines):,} lines to {path}.")


def copy(on: BuildsScreen) -> None:
    """The hash to write down where a hash was wrong; else the end of what is shown."""
    chosen = on.chosen
    if chosen is not None and chosen.got_hash:
        on.nixtui.copy(chosen.got_hash, "the new hash")
        return
    lines = list(on.log_pane.lines)[-_COPIED_LINES:]
    if lines:
        on.nixtui.copy("\n".join(lines), f"{len(lines)} lines")
    else:
        on.session.say(Level.INFO, "There is nothing to copy.")
