"""Dialogs and screens that others ask for, imported when first opened: the first frame does not wait for them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nixtui.model.selector import BadSelector
from nixtui.model.target import BadTarget, NoSuchGeneration, parse_target, resolve
from nixtui.operations.events import AnyEvent, OperationFinished
from nixtui.operations.report import Outcome, Report, word
from nixtui.tui.actions import Selection, may_change
from nixtui.tui.commands import BadCommand, complete, parse_command
from nixtui.tui.ledger import Ledger
from nixtui.tui.notices import Level, Notice, sentence
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.widgets.prompt import Question, trouble

if TYPE_CHECKING:
    from nixtui.instances.standing import Standing
    from nixtui.logs.line import LogLine
    from nixtui.logs.query import LogQuery
    from nixtui.operations.operation import Operation
    from nixtui.operations.plan import Plan
    from nixtui.tui.app import NixtuiApp
    from nixtui.tui.cockpit.first_run import FirstRun
    from nixtui.tui.screens.confirming import Confirming, PlanQuestion
    from nixtui.tui.screens.place import Place

_TARGETS = ("previous", "current", "@2h", "@14:00", "rev:")


def keys(place: Place) -> None:
    """The keys of a screen under their headings; the chosen one is done as if it had been pressed."""
    from nixtui.tui.palette import choose, keys_of
    from nixtui.tui.screens.chooser import Chooser

    chooser = Chooser(place.session, f"Keys ─ {' ▸ '.join(place.crumbs) or 'this screen'}", keys_of(place))
    place.app.push_screen(chooser, lambda found: choose(place, found) if found else None)


def palette(place: Place) -> None:
    """Every action of every screen, and every host to go to."""
    from nixtui.tui.palette import choose, everything, hosts_like
    from nixtui.tui.screens.chooser import Chooser

    cockpit = place.session.cockpit
    more = hosts_like(cockpit.fleet, cockpit.clock())
    chooser = Chooser(place.session, "Actions and hosts", everything(place), more)
    place.app.push_screen(chooser, lambda found: choose(place, found) if found else None)


def first_run(app: NixtuiApp, first: FirstRun) -> None:
    """What was found where nobody has configured anything."""
    from nixtui.tui.screens.first_run import FirstRunScreen

    app.push_screen(FirstRunScreen(app.session, first))


def choice(place: Place, title: str, options: Sequence[tuple[str, str]], chosen: Callable[[str], None]) -> None:
    """One of a few options, each an id and what it is called."""
    from nixtui.tui.screens.chooser import Chooser, Item

    items = [Item(identity, name) for identity, name in options]
    place.app.push_screen(Chooser(place.session, title, items), lambda found: chosen(found) if found else None)


def notice(place: Place, said: Notice | None) -> None:
    """A message in full."""
    from nixtui.tui.screens.message_page import MessagePage

    if said is not None:
        place.app.push_screen(MessagePage(place.session, said))


def secret(app: NixtuiApp, question: str, answered: Callable[[str | None], None]) -> None:
    """A password or passphrase."""
    from nixtui.tui.screens.secret import SecretDialog

    app.push_screen(SecretDialog(app.session, question), answered)


def farewell(app: NixtuiApp, running: Sequence[Operation]) -> None:
    """Leaving while something runs: asked, with what each choice means."""
    from nixtui.tui.screens.farewell import FarewellDialog

    app.push_screen(FarewellDialog(app.session, running), app.departure.choose)


def cancelling(app: NixtuiApp, running: Operation) -> None:
    """Stopping an operation: asked, with what it leaves."""
    from nixtui.tui.screens.farewell import CancelDialog

    app.push_screen(CancelDialog(app.session, running), lambda stop: running.cancel() if stop else None)


def question(app: NixtuiApp, title: str, meaning: str, yes: str, do: Callable[[], None]) -> None:
    """One thing that cannot be taken back: asked, with what it means."""
    from nixtui.tui.screens.farewell import Question as YesOrNo

    app.push_screen(YesOrNo(app.session, title, meaning, yes), lambda sure: do() if sure else None)


def generations(app: NixtuiApp, hosts: Sequence[str]) -> None:
    """The generations of these hosts, as they were left if they are shown there already."""
    from nixtui.tui.screens.generations import GenerationsScreen

    app.visit("generations")
    if isinstance(app.screen, GenerationsScreen) and app.screen.hosts != tuple(hosts):
        app.screen.show_hosts(hosts)


def host_page(app: NixtuiApp, name: str) -> None:
    """The page of one host, on top of the screen one is on."""
    from nixtui.tui.screens.host_page import HostPage

    app.push_screen(HostPage(app.session, name))


def console(app: NixtuiApp, standing: Standing) -> None:
    """The console of one instance, on top of the screen one is on."""
    from nixtui.tui.screens.console import ConsoleScreen

    app.push_screen(ConsoleScreen(app.session, standing))


def logs(app: NixtuiApp, hosts: Sequence[str], query: LogQuery | None = None) -> None:
    """The merged journals of these hosts; `query` narrows them."""
    from nixtui.logs.query import LogQuery
    from nixtui.tui.screens.logs import LogsScreen

    app.visit("logs")
    if isinstance(app.screen, LogsScreen):
        app.screen.show_logs(hosts, query or LogQuery())


def secrets(app: NixtuiApp, hosts: Sequence[str]) -> None:
    """The secrets that a host reads; all of them where several hosts, or none, are meant."""
    from nixtui.tui.screens.secrets import SecretsScreen

    app.visit("secrets")
    if isinstance(app.screen, SecretsScreen):
        app.screen.show_files(hosts[0] if len(hosts) == 1 else "")


def unit_logs(app: NixtuiApp, host: str, units: Sequence[str], since: float | None = None) -> None:
    """The journal of these units of a host, `since` a time (Unix seconds)."""
    from nixtui.logs.query import LogQuery

    logs(app, (host,), LogQuery(units=tuple(units), since=since))


def log_record(place: Place, entry: LogLine) -> None:
    """One entry of a journal with all its fields."""
    from nixtui.tui.screens.log_record import LogRecordDialog

    place.app.push_screen(LogRecordDialog(place.session, entry))


def what_changed_before(app: NixtuiApp, moment: str) -> None:
    """The incident timeline, asked about a moment."""
    from nixtui.tui.screens.incident import IncidentScreen

    screen = app.get_screen_stack("incident")[0]
    if isinstance(screen, IncidentScreen):
        try:
            screen.go_to_moment(moment)
        except BadTarget as error:
            app.session.say(Level.WARNING, f":before: {error}")


def target(place: Place, names: Sequence[str], text: str = "") -> None:
    """Ask where to roll back to; for one host whose generations are known, say at once what that is."""

    def edited(text: str) -> Line:
        try:
            wanted = parse_target(text, now=datetime.fromtimestamp(place.session.cockpit.clock(), UTC))
            known = place.session.knowledge.known_generations(names[0]) if len(names) == 1 else None
            return line((f"→ {clean(resolve(wanted, known).label)}", Role.GOOD)) if known else EMPTY
        except (BadTarget, NoSuchGeneration) as error:
            return trouble(str(error)) if text else line(("previous, 154, @14:00, @2h, rev:98fe21c", Role.FAINT))

    def submitted(text: str) -> None:
        place.stop_asking()
        if text.strip():
            rollback(place.nixtui, names, text.strip())

    label = names[0] if len(names) == 1 else f"{len(names)} hosts"
    place.ask(
        Question(f"roll back {clean(label)} to ", text, edited, submitted, place.stop_asking, _targets_like, "target")
    )


def _targets_like(text: str) -> list[str]:
    return [each for each in _TARGETS if each.startswith(text)]


def command(place: Place, text: str = "") -> None:
    """The `:` line: completed as one types, obeyed on Enter. It begins with `text`."""
    vocabulary = place.nixtui.vocabulary()

    def edited(text: str) -> Line:
        found = complete(text, vocabulary)
        return line(("tab  ", Role.FAINT), ("  ".join(found), Role.MUTED)) if text and found else EMPTY

    def submitted(text: str) -> None:
        place.stop_asking()
        try:
            if text.strip():
                place.nixtui.obey(parse_command(text, vocabulary), place)
        except (BadCommand, BadSelector) as error:
            place.session.say(Level.WARNING, str(error))

    place.ask(Question(":", text, edited, submitted, place.stop_asking, lambda text: complete(text, vocabulary)))


def rollback_if_allowed(app: NixtuiApp, selection: Selection, to: str) -> None:
    """As `rollback`, for a command that was typed: what stands against the key stands against the command."""
    if reason := may_change(selection):
        app.session.say(Level.WARNING, f":rollback: {reason}")
    else:
        rollback(app, selection.hosts, to)


def rollback(app: NixtuiApp, names: Sequence[str], to: str) -> None:
    """Propose it; when it is started, show it."""
    from nixtui.tui.screens.rollback import RollbackDialog

    if names:
        _confirm(app, RollbackDialog(app.session, names, to))
    else:
        app.session.say(Level.WARNING, "No host is selected.")


def rollback_each(app: NixtuiApp, targets: Mapping[str, str], action: str) -> None:
    """Propose to take every host to a target of its own, as far as `action` says; when it is started, show it."""
    from nixtui.tui.screens.rollback import RollbackDialog

    if targets:
        _confirm(app, RollbackDialog(app.session, tuple(targets), next(iter(targets.values())), targets, action))
    else:
        app.session.say(Level.WARNING, "No generation is selected.")


def plan(app: NixtuiApp, names: Sequence[str], question: PlanQuestion) -> None:
    """Propose any plan for these hosts; when it is started, show it."""
    from nixtui.tui.screens.confirming import PlanDialog

    _confirm(app, PlanDialog(app.session, names, question))


def typed(place: Place, command: str, text: str) -> None:
    """Propose what a command of the command line would do."""
    from nixtui.tui.screens.confirming import PlanQuestion

    work = place.session.cockpit.typed
    if place.session.cockpit.policy.read_only:
        place.session.say(Level.WARNING, f":{command}: nixtui runs read-only")
        return
    try:
        subject = work.subject(command, text)
    except Exception as error:
        place.session.say(Level.WARNING, f":{command}: {sentence(error)}")
        return
    noun, word = command.split(" ", 1)
    known: list[str] = []

    async def prepare() -> Plan:
        made, told = await work.plan(command, text)
        known[:] = [*_in_full(made), *map(clean, told)]
        return made

    question = PlanQuestion(
        f"{word.capitalize().replace('-', ' ')} {clean(subject)}",
        word.capitalize().replace("-", " "),
        prepare,
        asking="evaluating, and asking AWS" if word == "create" else "asking AWS",
        command=["nixtui", noun, word, *shlex.split(text)],
        known=lambda *_: known,
        of_many=f"{word.capitalize()} ({{}})",
        subject=noun.upper(),
    )
    plan(place.nixtui, [subject], question)


def _in_full(plan: Plan) -> Iterator[str]:
    """What a plan of several targets that was asked for by one word is about."""
    yield clean(plan.title)
    if len(plan.targets) == 1:  # what becomes of it is shown anyway
        if (name := clean(plan.targets[0].name)) not in clean(plan.title):
            yield f"  {name}"
        return
    for row in plan.targets:
        change = "  ".join((clean(row.name), f"{clean(row.before or '–')} → {clean(row.after or '–')}"))
        yield f"  {change if row.refused is None else f'✖ {clean(row.name)}: {clean(row.refused)}'}"
        if row.refused is not None and row.remedy:
            yield f"    → {clean(row.remedy)}"


def _confirm(app: NixtuiApp, dialog: Confirming) -> None:
    def started(begun: Operation | None) -> None:
        if begun is not None:
            watch(app, begun)
            operation(app, Ledger(begun.plan), begun, app.session.cockpit.clock())

    app.push_screen(dialog, started)


def operation(app: NixtuiApp, ledger: Ledger, running: Operation | None, started_at: float) -> None:
    """An operation as it runs, or, without the running object, as the ledger has it."""
    from nixtui.tui.screens.progress import ProgressScreen

    if ledger.plan.kind == "build" and running is not None:
        build(app, running.id)
    elif ledger.plan.kind == "run":
        from nixtui.tui.screens.answers import AnswersScreen

        app.push_screen(AnswersScreen(app.session, ledger, running, started_at))
    else:
        app.push_screen(ProgressScreen(app.session, ledger, running, started_at))


def build(app: NixtuiApp, identity: str) -> None:
    """A build as it runs."""
    from nixtui.tui.screens.builds import BuildsScreen

    app.visit("builds")
    if isinstance(app.screen, BuildsScreen):
        app.screen.show_build(identity)


def watch(app: NixtuiApp, running: Operation) -> None:
    """Say how an operation ended, wherever the person is by then."""

    def hear(event: AnyEvent) -> None:
        if isinstance(event, OperationFinished):
            unsubscribe()
            app.call_later(_tell_end, app, running.plan, event.report)  # this is the operation's task, not ours

    unsubscribe = running.subscribe(hear)
    if running.report is not None:  # it ended before anybody could listen
        unsubscribe()
        _tell_end(app, running.plan, running.report)


def _tell_end(app: NixtuiApp, plan: Plan, report: Report) -> None:
    only = report.targets[0] if len(report.targets) == 1 else None
    is_well = report.outcome.is_success
    why = f": {only.detail}" if only is not None and only.detail and not is_well else ""
    level = Level.DONE if is_well else Level.WARNING if report.outcome is Outcome.REVERTED else Level.ERROR
    app.session.say(
        level, f"{plan.title}: {word(report.outcome, plan.kind)}{why}", remedy=only.remedy if only is not None else None
    )
