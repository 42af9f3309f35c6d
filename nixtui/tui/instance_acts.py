"""What one can do about instances: each a question where one is needed, then a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nixtui.tui import opening, units
from nixtui.tui.image_acts import where
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line, Role, clean, line
from nixtui.tui.widgets.prompt import Question, trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from nixtui.instances.offers import LaunchWish
    from nixtui.instances.recovering import Playbook, Step
    from nixtui.instances.standing import Group
    from nixtui.model.image import Image
    from nixtui.operations.plan import Plan
    from nixtui.tui.instance_rows import InstanceRow
    from nixtui.tui.screens.instances import InstancesScreen
    from nixtui.tui.screens.place import Place

_HINT = "enter, or: bake=10m checkpoint=25,50 alarm=NAME min-healthy=90 no-auto-rollback"


def refusals(on: InstancesScreen) -> Mapping[str, str]:
    """What stands against each thing for the instance under the cursor."""
    row, found = on.under_cursor, {}
    if row is None:
        return {}
    if row.host is None:
        found["host"] = "it is no host of this fleet"
    if not any(each.closed is None for each in on.looked_doors()):
        found["doors"] = "no way in is known yet"
    if row.standing.image is None:
        found["launch"] = "its image is gone; choose another on the Images view"
    if row.standing.group is None:
        found["roll"] = "it is in no auto scaling group that could be seen"
    refresh = on.looked_refresh()
    if refresh is None or not refresh.is_running:
        found["end roll"] = "no instance refresh of its group runs"
    return found


def act(on: InstancesScreen, word: str, rows: Sequence[InstanceRow] | None = None) -> None:
    """Propose to start, stop, reboot or terminate these instances, else the selected ones."""
    from nixtui.instances.acting import told_apart

    chosen, work = on.chosen if rows is None else rows, on.session.cockpit.instances
    standings = [each.standing for each in chosen]
    names = told_apart(standings)
    known = {name: _about(row) for name, row in zip(names, chosen, strict=True)}
    what = clean(names[0]) if len(chosen) == 1 else f"{len(chosen)} instances"
    _propose(
        on,
        f"{word.capitalize()} {what}",
        word.capitalize(),
        names,
        lambda: work.plan_act(word, standings),
        command=_command(word, chosen),
        known=lambda _, name: known.get(name, ()),
    )


def _about(row: InstanceRow) -> Sequence[str]:
    """What one decides by."""
    instance = row.instance
    machine = f", {instance.kind}" if instance.kind else ""
    group = f", group {instance.group}" if instance.group else ""
    whose = f", login {instance.login}" if instance.login else ""
    host = f"host {row.host.name} of this fleet" if row.host is not None else "no host of this fleet"
    return f"{instance.identity}, {instance.state} in {instance.zone or instance.region}{machine}{group}{whose}", host


def _command(word: str, chosen: Sequence[InstanceRow]) -> Sequence[str]:
    places = {tuple(where(each.instance)) for each in chosen}
    identities = [each.instance.identity for each in chosen]
    return ["nixtui", "instance", word, *identities, *places.pop()] if len(places) == 1 else []


# Launching


def launch_like(on: InstancesScreen) -> None:
    """One more from the image of the instance under the cursor, and with what that has."""
    row = on.under_cursor
    if row is not None and row.standing.image is not None:
        launch(on, row.standing.image, row)


def launch(on: Place, image: Image, like: InstanceRow | None = None) -> None:
    """Ask what it is to have, then propose it."""
    from nixtui.instances.offers import LaunchWish
    from nixtui.tui.screens.launching import LaunchDialog

    wish = LaunchWish(image=image, name="", kind="")
    if like is not None:
        instance = like.instance
        wish = LaunchWish(
            image=image,
            name="",
            kind=instance.kind or "",
            subnet=instance.subnet or "",
            security_groups=instance.security_groups,
            key_pair=instance.key_pair or "",
            profile=(instance.profile or "").rpartition("/")[2],
        )

    def answered(wished: LaunchWish | None) -> None:
        if wished is not None:
            _propose_launch(on, wished)

    on.app.push_screen(LaunchDialog(on.session, wish), answered)


def _propose_launch(on: Place, wish: LaunchWish) -> None:
    work, image = on.session.cockpit.instances, wish.image
    options = (
        ("--subnet", wish.subnet), *(("--security-group", each) for each in wish.security_groups),
        ("--key-pair", wish.key_pair), ("--instance-profile", wish.profile), ("--user-data", wish.user_data),
    )  # fmt: skip
    command = ["nixtui", "instance", "launch", image.identity, "--name", wish.name, "--type", wish.kind]
    command += [*where(image), *(word for option in options if option[1] for word in option)]
    placed = ", ".join(each for each in (wish.kind, wish.subnet, " ".join(wish.security_groups), wish.key_pair) if each)
    by = f" by login {clean(image.login)}" if image.login else ""
    known = (f"{clean(image.name)} ({image.identity}) in {image.region}{by}", clean(placed))
    _propose(
        on, f"Launch {clean(wish.name)}", "Launch", [wish.name], lambda: work.plan_launch(wish),
        command=command, known=lambda _, __: known,
    )  # fmt: skip


# Rolling a group


def roll(on: InstancesScreen) -> None:
    """Ask which image, and how; then propose it."""
    from nixtui.instances.refreshing import is_of_a_kind

    row = on.under_cursor
    if row is None or (group := row.standing.group) is None:
        return
    work = on.session.cockpit.instances

    async def ask() -> None:
        images = await work.images(group.region, group.login)
        if on.app.screen is not on:
            return
        by_identity, now = {each.identity: each for each in images}, on.session.cockpit.clock()
        instead = row.standing.group_image
        starts = instead.name if instead is not None else row.standing.image_name
        alike = sorted(images, key=lambda each: not is_of_a_kind(each.name, starts))  # as they came: newest first
        options = [(each.identity, _in_words(each, group, now)) for each in alike]
        title = f"Roll {clean(group.name)} onto"
        opening.choice(on, title, options, lambda chosen: _ask_how(on, group, by_identity[chosen]))

    on.in_background(ask, group="act", doing="Asking for images")


def _in_words(image: Image, group: Group, now: float) -> str:
    age = "" if image.created_at is None else f"{units.age(now - image.created_at)} ago"
    starts = "  it starts this now" if image.identity == group.starts else ""
    return f"{age:>8}  {clean(image.name)}  {(image.revision or '')[:8]}{starts}  {image.identity}"


def _ask_how(on: InstancesScreen, group: Group, image: Image) -> None:
    from nixtui.instances.refreshing import no_way_back
    from nixtui.tui.roll_words import BadRoll, complete, roll_options, written

    why_not = no_way_back(group)
    verdict: Line = (
        line(("rollback possible: no  ", Role.BAD)) if why_not else line(("rollback possible: yes  ", Role.GOOD))
    )

    def edited(text: str) -> Line:
        try:
            roll_options(text)
        except BadRoll as error:
            return trouble(str(error))
        return verdict if text.strip() else (*verdict, *line((_HINT, Role.FAINT)))

    def submitted(text: str) -> None:
        try:
            options = roll_options(text)
        except BadRoll:
            return  # the hint says why; the line stays open
        on.stop_asking()
        wish = options.rollout(group, image)
        command = ["nixtui", "instance", "refresh", group.name, "--image", image.identity]
        command += [*where(group), *written(options)]
        work = on.session.cockpit.instances
        by = f" by login {clean(group.login)}" if group.login else ""
        known = (f"{group.wanted} instances, {len(group.members)} there, in {group.region}{by}",)
        _propose(
            on, f"Roll {clean(group.name)} onto {clean(image.name)}", "Roll", [group.name],
            lambda: work.plan_roll(wish), command=command, known=lambda _, __: known, subject="GROUP",
        )  # fmt: skip

    on.ask(Question(f"roll {clean(group.name)} with ", "", edited, submitted, on.stop_asking, complete, kept_as="roll"))


def end_roll(on: InstancesScreen) -> None:
    """Ask which end, then propose it."""
    from nixtui.instances.refreshing import no_way_back

    row = on.under_cursor
    if row is None or (group := row.standing.group) is None:
        return
    why_not = no_way_back(group)
    back = f"take it back{f' (cannot: {why_not})' if why_not else ': all instances on the image they had'}"
    options = [("back", back), ("stop", "stop it where it is: instances of two images stay")]
    work = on.session.cockpit.instances

    def chosen(which: str) -> None:
        is_back = which == "back"
        title = f"{'Take back' if is_back else 'Cancel'} the roll of {clean(group.name)}"
        word = "--rollback" if is_back else "--cancel"
        _propose(
            on, title, "Take back" if is_back else "Cancel the roll", [group.name],
            lambda: work.plan_end_roll(group, back=is_back),
            command=["nixtui", "instance", "refresh", group.name, word, *where(group)],
            subject="GROUP",
        )  # fmt: skip

    opening.choice(on, f"End the roll of {clean(group.name)}", options, chosen)


def replace_root(on: InstancesScreen) -> None:
    """The command is typed as in a shell; Enter shows the plan."""
    row = on.under_cursor
    if row is not None:
        opening.command(on, f"instance replace-root {row.instance.identity} --region {row.instance.region} --image ")


# Besides plans


FIRST = "first"
"""What choosing a way in calls leaving it to nixtui."""


def choose_door(on: InstancesScreen) -> None:
    """Go in by one of the ways that can work; of those that nixtui does not open, copy the command."""
    from nixtui.instances.doors import CONSOLE_OUTPUT, OPENED

    row = on.under_cursor
    if row is None:
        return
    doors = {each.name: each for each in on.looked_doors() if each.closed is None}
    words = {name: word for word, name in OPENED.items()}

    def chosen(name: str) -> None:
        if name == CONSOLE_OUTPUT:
            open_console(on)
        elif name == FIRST or name in words:
            connect(on, row, words.get(name))
        else:
            on.nixtui.copy(doors[name].words, "the command")

    options = [(FIRST, "the first that works, SSH before all others")]
    options += [(name, f"{name:<22} {clean(each.doubt or '')}") for name, each in doors.items()]
    opening.choice(on, f"Ways into {clean(row.instance.name)}", options, chosen)


def connect(on: InstancesScreen, row: InstanceRow, door: str | None) -> None:
    """Step aside for a session: what it will do is shown and asked there, as on the command line."""
    session, name = on.session, clean(row.instance.name)
    if (forbidden := on.selection().forbidden) is not None:
        session.say(Level.WARNING, f"connect: {forbidden}")
        return

    work = session.cockpit.instances
    _aside(on, name, lambda: work.session_words(row.standing, door))


def _aside(on: InstancesScreen, name: str, words: Callable[[], Sequence[str]], *, stay: bool = False) -> None:
    """Give the terminal to a command that asks by itself."""
    session = on.session

    async def step_aside() -> None:
        work, command = session.cockpit.instances, words()
        status = await on.nixtui.aside(lambda: work.session(command, stay=stay), "")
        session.say(Level.INFO, f"Back from {name}{f' (exit {status})' if status else ''}.")

    on.in_background(step_aside, group="shell", doing=f"A session on {name}")


def recover(on: InstancesScreen) -> None:
    """What gets the instance under the cursor back, by what broke; each step is proposed, or asks by itself."""
    row, work = on.under_cursor, on.session.cockpit.instances
    if row is None:
        return

    async def ask() -> None:
        books = await work.playbooks(row.standing)
        if on.app.screen is on:
            _choose_step(on, row, books)

    on.in_background(ask, group="act", doing="Asking what gets it back")
    on.session.say(Level.INFO, f"Asking AWS and {clean(row.instance.name)} what gets it back …")


def _choose_step(on: InstancesScreen, row: InstanceRow, books: Sequence[Playbook]) -> None:
    from nixtui.tui.screens.chooser import Chooser, Item

    steps = {f"{book.name} {number}": step for book in books for number, step in enumerate(book.steps, 1)}
    items = [
        Item(
            key,
            clean(step.words),
            key.rpartition(" ")[2],
            f"loses {clean(step.loses)}" if step.loses else "",
            step.closed,
            f"If {book.title}",
        )
        for book in books
        for key, step in steps.items()
        if key.startswith(f"{book.name} ")
    ]

    def chosen(key: str | None) -> None:
        if key is not None:
            _take_step(on, row, steps[key])

    on.app.push_screen(Chooser(on.session, f"Get {clean(row.instance.name)} back", items), chosen)


def _take_step(on: InstancesScreen, row: InstanceRow, step: Step) -> None:
    from nixtui.instances.recovering import Deed

    asks_itself = step.deed in (Deed.COMMAND, Deed.CONSOLE)  # or changes nothing
    if (stands_against := step.closed or (None if asks_itself else on.selection().forbidden)) is not None:
        on.session.say(Level.WARNING, f"{clean(step.words)}: {clean(stands_against)}")
        return
    match step.deed:
        case Deed.ROLLBACK if row.host is not None:
            opening.rollback(on.nixtui, [row.host.name], "previous")
        case Deed.REBOOT:
            act(on, "reboot", [row])
        case Deed.TERMINATE:
            act(on, "terminate", [row])
        case Deed.LAUNCH if row.standing.image is not None:
            launch(on, row.standing.image, row)
        case Deed.CONSOLE:
            opening.console(on.nixtui, row.standing)
        case Deed.DOOR if step.door is not None:
            connect(on, row, step.door)
        case Deed.DOOR:
            on.nixtui.copy(step.command, "the command")
        case _:
            work = on.session.cockpit.instances
            _aside(on, clean(step.words), lambda: work.step_words(step.command), stay=True)


def open_console(on: InstancesScreen) -> None:
    """What the instance under the cursor wrote on its console."""
    row = on.under_cursor
    if row is not None:
        opening.console(on.nixtui, row.standing)


def copy_console_link(on: InstancesScreen) -> None:
    """Where it is in the AWS console."""
    row = on.under_cursor
    if row is not None:
        region, identity = row.instance.region, row.instance.identity
        host = f"{region}.console.aws.amazon.com"
        on.nixtui.copy(f"https://{host}/ec2/home?region={region}#InstanceDetails:instanceId={identity}", "the link")


def _propose(
    on: Place,
    heading: str,
    verb: str,
    names: Sequence[str],
    prepare: Callable[[], Awaitable[Plan]],
    *,
    command: Sequence[str],
    known: Callable[[Plan, str], Sequence[str]] = lambda _, __: (),
    subject: str = "INSTANCE",
) -> None:
    from nixtui.tui.screens.confirming import PlanQuestion

    question = PlanQuestion(
        heading,
        verb,
        prepare,
        asking="asking AWS",
        command=command,
        known=known,
        of_many=f"{verb} {{}} instances",
        subject=subject,
    )
    opening.plan(on.nixtui, names, question)
