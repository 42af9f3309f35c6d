"""What one can do about secrets: reveal, edit, add, delete, undo, save, and bring recipients in order."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from nixtui.operations.events import AnyEvent, OperationFinished
from nixtui.secrets.document import Format, Path
from nixtui.secrets.edit import Drop, Edit, Put
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.guards import Objection, objections
from nixtui.secrets.key_path import key_path, shown_path
from nixtui.secrets.secret import Secret
from nixtui.tui import opening
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line, Role, clean, line
from nixtui.tui.pending import Pending
from nixtui.tui.secret_rows import KeyRow
from nixtui.tui.widgets.prompt import Question, trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from nixtui.operations.operation import Operation
    from nixtui.operations.plan import Plan
    from nixtui.secrets.repository import SecretFile
    from nixtui.tui.screens.confirming import PlanQuestion
    from nixtui.tui.screens.secret_merge import SecretMergeScreen
    from nixtui.tui.screens.secrets import SecretsScreen

    Where: TypeAlias = SecretsScreen | SecretMergeScreen
    Made = Callable[[], None]
    Prepare = Callable[[], Awaitable[Plan]]

NUMBERS = ("int", "float", "bool", "null")
"""Kinds of leaves that are no text: they stay what they are when they are edited."""


def refusals(on: SecretsScreen) -> Mapping[str, str]:
    """What cannot be done now, by what it is, and why."""
    file, key = on.file, on.key
    no_file = "no file is selected" if file is None else None
    broken = f"{file.name} cannot be read" if file is not None and file.problem is not None else None
    no_key = None if key is not None or on.is_age else "no key is selected; enter goes to the keys of a file"
    pending = on.pending.get(file.name) if file is not None else None
    nothing = None if pending is not None and pending.edits else "nothing is waiting to be saved"
    saved = file is not None and on.session.cockpit.secrets.can_undo(file.name)
    whole = "the file is one value, and has no keys" if file is not None and _is_one_value(file) else None
    copying = on.session.cockpit.secrets.copying
    off = "off, as others may read the clipboard; clipboard = true in [secrets] of nixtui.toml allows it"
    found = {
        "reveal": no_file or broken or no_key or _not_there(key),
        "copy value": (off if copying is None else None) or no_file or broken or no_key or _not_there(key),
        "edit": no_file or broken or no_key,
        "add": no_file or broken or whole,
        "delete": no_file or broken or whole or no_key,
        "save": no_file or nothing,
        "undo": no_file or (None if not nothing or saved else "nothing was changed here"),
        "redo": no_file,
        "generate": no_file or broken or no_key,
        "rename": no_file or broken or whole or no_key,
        "history": no_file,
        "merge": no_file or (None if _is_in_conflict(file) else f"{file.name if file else ''} has no conflict markers"),
        "recipients": no_file,
    }
    return {what: why for what, why in found.items() if why is not None}


def _is_one_value(file: SecretFile) -> bool:
    return file.format in (Format.AGE, Format.BINARY)


def _is_in_conflict(file: SecretFile | None) -> bool:
    return file is not None and file.problem is not None and file.problem.trouble is Trouble.CONFLICT


def _not_there(key: KeyRow | None) -> str | None:
    return "the key is not saved yet" if key is not None and key.change == "new" else None


# Values in sight


async def reveal(on: SecretsScreen) -> None:
    """The value under the cursor, for ten seconds; not when one has gone elsewhere meanwhile."""
    file, key = on.file, on.key
    if file is None:
        return
    path = key.path if key is not None else ("data",)
    value = await on.session.cockpit.secrets.reveal(file, path)
    if not still_at(on, file, key) or not on.app.app_focus:
        value.wipe()
        return
    on.reveal(value, _called(file, path))


async def copy_value(on: SecretsScreen) -> None:
    """Onto the clipboard of the terminal, and away from it again after a while."""
    file, key, seconds = on.file, on.key, on.session.cockpit.secrets.copying
    if file is None or seconds is None:
        return
    path = key.path if key is not None else ("data",)
    value = await on.session.cockpit.secrets.reveal(file, path)
    on.cover()
    on.nixtui.lend_clipboard(value, seconds)
    on.session.say(
        Level.DONE, f"Copied the value of {_called(file, path)}; it is cleared in {seconds:.0f} s.",
        remedy="whether the terminal obeys cannot be seen from here",
    )  # fmt: skip


def _called(file: SecretFile, path: Path) -> str:
    return file.name if _is_one_value(file) else f"{shown_path(path)} of {file.name}"


# Edits


async def edit(on: SecretsScreen) -> None:
    """The value in the editor: as it is now, or as it was edited before."""
    file, key = on.file, on.key
    if file is None:
        return
    path = key.path if key is not None else ("data",)
    pending = on.pending.get(file.name)
    waiting = next((each for each in pending.edits if each.path == path), None) if pending is not None else None
    if isinstance(waiting, Put):
        value, typed = Secret(waiting.value.reveal()), waiting.typed
    elif key is not None and key.change == "new":
        value, typed = Secret(b""), False
    else:
        value = await on.session.cockpit.secrets.reveal(file, path)
        typed = key is not None and key.kind in NUMBERS
        if key is not None and typed:
            value = _as_json(value, key.kind)
    if still_at(on, file, key):
        _open_editor(on, on.file or file, path, value, typed=typed)
    else:
        value.wipe()


def still_at(on: SecretsScreen, file: SecretFile, key: KeyRow | None) -> bool:
    """Whether the cursor is where it was when the key was pressed; the file may have been read anew since."""
    return (
        on.app.screen is on
        and on.file is not None
        and on.file.name == file.name
        and (on.key.path if on.key is not None else None) == (key.path if key is not None else None)
    )


def _as_json(value: Secret, kind: str) -> Secret:
    """A number or truth as sops prints it (with an end of line), as JSON writes it."""
    text = value.text().strip()
    value.wipe()
    return Secret("null" if kind == "null" else text.lower() if kind == "bool" else text)


def _open_editor(on: SecretsScreen, file: SecretFile, path: Path, value: Secret, *, typed: bool) -> None:
    from nixtui.tui.screens.secret_value import Entered, ValueDialog, why_not_here

    on.cover()
    if (why := why_not_here(value)) is not None:
        value.wipe()
        on.session.say(
            Level.WARNING, f"{_called(file, path)}: {why}", remedy=f"nixtui secrets set {shlex.quote(file.name)} < FILE"
        )
        return

    def entered(found: Entered | None) -> None:
        if found is not None:
            put(on, file, [Put(path, found.value, found.typed)])

    title = f"Value of {_called(file, path)}"
    dialog = ValueDialog(on.session, title, value, typed=typed, may_be_typed=not _is_one_value(file))
    on.app.push_screen(dialog, entered)


def add(on: SecretsScreen) -> None:
    """A key that is not there yet: its name, then its value."""
    file = on.file
    if file is None or file.document is None:
        return
    document = file.document
    above = _beside(on.key)

    def edited(text: str) -> Line:
        if not text.strip("/") or text.endswith("/"):
            return line(("like db/password, or hosts/0/token where there is a list", Role.FAINT))
        try:
            path = key_path(text, document)
        except SecretsError as error:
            return trouble(error.reason)
        if document.below(path):
            return trouble("it is there already; enter edits it")
        against = objections(document, [Put(path, Secret(b""))])
        return trouble(against[0].reason) if against else line(("→ new", Role.GOOD))

    def submitted(text: str) -> None:
        on.stop_asking()
        if not text.strip("/"):
            return
        try:
            path = key_path(text, document)
        except SecretsError as error:
            on.session.confess(error, "Adding a key")
            return
        if document.below(path):
            on.session.say(Level.WARNING, f"{text} is there already; e edits it.")
            return
        _open_editor(on, file, path, Secret(b""), typed=False)

    on.ask(Question(f"new key in {clean(file.name)} ▸ ", above, edited, submitted, on.stop_asking, kept_as="new key"))


def _beside(key: KeyRow | None) -> str:
    """What a key beside this one begins with; the places of a list are added by their number."""
    kept = list(key.path[:-1]) if key is not None else []
    while kept and isinstance(kept[-1], int):
        kept.pop()
    return shown_path(tuple(kept)) + "/" if kept else ""


def delete(on: SecretsScreen) -> None:
    """The key goes, when it is saved."""
    file, key = on.file, on.key
    if file is not None and key is not None:
        put(on, file, [Drop(key.path)])


def put(on: SecretsScreen, file: SecretFile, edits: Sequence[Edit]) -> None:
    """Make them part of the change, after what speaks against them was answered."""
    if on.found is None:
        return
    pending = on.pending.get(file.name) or Pending(file, on.found.digests.get(file.name, ""))
    if moved := [above for each in edits if (above := pending.moved_list(each.path)) is not None]:
        on.session.say(
            Level.WARNING, f"{shown_path(moved[0])} loses a place by what is not saved yet, and the others move",
            remedy="ctrl+s saves that first",
        )  # fmt: skip
        return

    def made() -> None:
        for each in edits:
            pending.add(each)
        on.pending[file.name] = pending
        on.show()

    against = objections(file.document, edits) if file.document is not None else []
    against = [each for each in against if each.code is None or each.code not in pending.allowed]
    if against:
        _object(on, pending, against, made)
    else:
        made()


def _object(on: SecretsScreen, pending: Pending, against: Sequence[Objection], made: Made) -> None:
    from nixtui.tui.screens.objecting import ObjectionDialog

    def answered(does: bool | None) -> None:
        if does:
            pending.allowed.update(each.code for each in against if each.code is not None)
            made()

    on.app.push_screen(ObjectionDialog(on.session, pending.file.name, against), answered)


def undo(on: SecretsScreen) -> None:
    """The last edit; when nothing waits, propose to take back what was saved."""
    file = on.file
    pending = on.pending.get(file.name) if file is not None else None
    if file is None:
        return
    if pending is not None and pending.edits:
        key = pending.undo()
        on.session.say(Level.INFO, f"Took back the edit of {key}.", remedy="ctrl+y makes it again")
        on.show()
        return
    propose(on, (file.name,), _question(on, f"Undo the change of {file.name}", "Undo", file.name, ()))


def redo(on: SecretsScreen) -> None:
    """What was taken back last."""
    pending = on.pending.get(on.file.name) if on.file is not None else None
    key = pending.redo() if pending is not None else None
    on.session.say(Level.INFO, f"Made the edit of {key} again." if key else "Nothing was taken back.")
    on.show()


def _question(on: SecretsScreen, heading: str, verb: str, name: str, command: Sequence[str]) -> PlanQuestion:
    from nixtui.tui.screens.confirming import PlanQuestion

    secrets = on.session.cockpit.secrets
    return PlanQuestion(heading, verb, lambda: secrets.plan_undo(name), asking="reading the file", command=command)


def save(on: SecretsScreen) -> None:
    """Propose to make the edits of the file one change."""
    from nixtui.tui.screens.confirming import PlanQuestion

    file = on.file
    pending = on.pending.get(file.name) if file is not None else None
    if file is None or pending is None:
        return
    secrets, edits = on.session.cockpit.secrets, pending.edits
    question = PlanQuestion(
        f"Save {file.name}",
        "Save",
        lambda: secrets.plan_save(pending.file, edits, sorted(pending.allowed), pending.seen),
        asking="reading the file",
        known=lambda _plan, _name: told(pending),
    )

    def saved() -> None:
        pending.wipe()
        if on.pending.get(file.name) is pending:
            del on.pending[file.name]

    propose(on, (file.name,), question, saved)


def told(pending: Pending) -> Sequence[str]:
    """A change in keys, never in values."""
    if pending.file.format is Format.AGE:
        return ("another value",)
    return [f"{pending.word(each.path) or 'set'} {shown_path(each.path)}" for each in pending.edits]


# Recipients


def update_keys(on: SecretsScreen) -> None:
    """Propose to bring the marked files, or the one under the cursor, to their rules."""
    names, secrets = chosen(on), on.session.cockpit.secrets
    _propose_work(on, names, "Update recipients of", "Update", lambda: secrets.plan_updatekeys(names), "updatekeys")


def rotate(on: SecretsScreen) -> None:
    """Propose new data keys for the marked files, or the one under the cursor."""
    names, secrets = chosen(on), on.session.cockpit.secrets
    _propose_work(on, names, "New data keys for", "Rotate", lambda: secrets.plan_rotate(names), "rotate")


def reencrypt(on: SecretsScreen) -> None:
    """Propose to encrypt the marked files, or the one under the cursor, as if they were new."""
    names, secrets = chosen(on), on.session.cockpit.secrets
    _propose_work(on, names, "Encrypt anew", "Encrypt", lambda: secrets.plan_reencrypt(names), "reencrypt")


def chosen(on: SecretsScreen) -> tuple[str, ...]:
    """The marked files, else the one under the cursor."""
    return tuple(sorted(on.marked)) or ((on.file.name,) if on.file is not None else ())


def _propose_work(
    on: SecretsScreen, names: Sequence[str], title: str, verb: str, prepare: Prepare, command: str
) -> None:
    from nixtui.tui.screens.confirming import PlanQuestion

    waiting = [name for name in names if name in on.pending and on.pending[name].edits]
    if waiting:
        on.session.say(
            Level.WARNING, f"{waiting[0]} has edits that are not saved", remedy="ctrl+s saves them, U takes them back"
        )
        return
    what = names[0] if len(names) == 1 else f"{len(names)} files"
    question = PlanQuestion(
        f"{title} {what}", verb, prepare, asking="comparing files and rules",
        command=["nixtui", "secrets", command, *names], of_many=f"{verb} {{}} of {len(names)} files", subject="FILE",
    )  # fmt: skip
    propose(on, names, question)


def propose(
    on: SecretsScreen | SecretMergeScreen, names: Sequence[str], question: PlanQuestion, done: Made = lambda: None
) -> None:
    """Ask; when it is begun stay here, tell how it ended, and look again."""
    from nixtui.tui.screens.confirming import PlanDialog

    on.cover()

    def started(begun: Operation | None) -> None:
        if begun is not None:
            opening.watch(on.nixtui, begun)
            _follow(on, begun, done)

    on.app.push_screen(PlanDialog(on.session, names, question), started)


def _follow(on: Where, begun: Operation, done: Made) -> None:
    def ended() -> None:
        if begun.report is not None and begun.report.outcome.is_success:
            done()
        on.look()

    def hear(event: AnyEvent) -> None:
        if isinstance(event, OperationFinished):
            unsubscribe()
            on.app.call_later(ended)  # this is the operation's task, not ours

    unsubscribe = begun.subscribe(hear)
    if begun.report is not None:
        unsubscribe()
        ended()


# The rest


def copy_name(on: SecretsScreen) -> None:
    """The key as the command line takes it, or the file's name."""
    if on.key is not None:
        on.nixtui.copy(shown_path(on.key.path), "the key")
    elif on.file is not None:
        on.nixtui.copy(on.file.name, "the name")


def copy_command(on: SecretsScreen) -> None:
    """The same without a screen."""
    if on.file is None:
        return
    if on.key is None:
        words = ["nixtui", "secrets", "list", on.file.name]
    else:
        words = ["nixtui", "secrets", "show", on.file.name]
        words += [] if _is_one_value(on.file) else [shown_path(on.key.path)]
    on.nixtui.copy(shlex.join(words), "the command")
