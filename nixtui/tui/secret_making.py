"""New values that nobody types, other names for keys, and what became of a file: further acts of the Secrets screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from nixtui.secrets.edit import Drop, Edit, Put
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.generating import Made
from nixtui.secrets.key_path import key_path, shown_path
from nixtui.secrets.secret import Secret
from nixtui.tui import opening
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line, Role, clean, line
from nixtui.tui.secret_acts import put, still_at
from nixtui.tui.widgets.prompt import Question, trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nixtui.secrets.document import Path
    from nixtui.secrets.repository import SecretFile
    from nixtui.tui.screens.secret_value import Entered
    from nixtui.tui.screens.secrets import SecretsScreen

KINDS: Final = (
    (Made.PASSWORD, "password             32 letters and digits"),
    (Made.HEX, "key in hexadecimal   32 bytes"),
    (Made.SSH_KEY, "SSH key pair         ed25519; the public half is told"),
    (Made.AGE_KEY, "age key              its recipient is told"),
    (Made.HASHED_PASSWORD, "hashed password      of one you type, for hashedPasswordFile"),
)


def generate(on: SecretsScreen) -> None:
    """Choose what kind of value the key gets."""
    file, key = on.file, on.key
    if file is None:
        return
    path = key.path if key is not None else ("data",)

    def chosen(kind: str) -> None:
        if kind == Made.HASHED_PASSWORD.value:
            _ask_password(on, file, path)
        else:
            on.in_background(partial(_make, on, file, path, Made(kind), None), group="act", doing="Generating")

    where = file.name if on.is_age else f"{shown_path(path)} of {file.name}"
    opening.choice(on, f"New value of {where}", [(kind.value, title) for kind, title in KINDS], chosen)


def _ask_password(on: SecretsScreen, file: SecretFile, path: Path) -> None:
    from nixtui.tui.screens.secret_value import ValueDialog

    def entered(found: Entered | None) -> None:
        if found is not None:
            password = found.value
            work = partial(_make, on, file, path, Made.HASHED_PASSWORD, password)
            on.in_background(work, group="act", doing="Hashing")

    dialog = ValueDialog(on.session, "The password to hash", Secret(b""), typed=False, may_be_typed=False)
    on.app.push_screen(dialog, entered)


async def _make(on: SecretsScreen, file: SecretFile, path: Path, kind: Made, password: Secret | None) -> None:
    made = await on.session.cockpit.secrets.make(kind, f"{file.name} {shown_path(path)}", password)
    if password is not None:
        password.wipe()
    put(on, on.file if on.file is not None and on.file.name == file.name else file, [Put(path, made.value)])
    if made.public is not None:
        what = "Hashed with" if kind is Made.HASHED_PASSWORD else "Its public half is"
        on.session.say(Level.INFO, f"{what} {made.public}", remedy="! shows it in full, c there copies it")


def rename(on: SecretsScreen) -> None:
    """Ask for the whole new name."""
    file, key = on.file, on.key
    if file is None or file.document is None or key is None:
        return
    document, name = file.document, shown_path(key.path)

    def edited(text: str) -> Line:
        try:
            path = key_path(text, document)
        except SecretsError as error:
            return trouble(error.reason)
        if path == key.path:
            return line(("the whole new key, like db/token", Role.FAINT))
        return trouble("there is one already") if document.below(path) else line(("→ ", Role.GOOD), clean(text))

    def submitted(text: str) -> None:
        on.stop_asking()
        if text.strip("/") and text != name:
            on.in_background(partial(_rename, on, file, key.path, text), group="act", doing="Renaming")

    label = f"rename {clean(name)} to "
    on.ask(Question(label, name, edited, submitted, on.stop_asking, kept_as="rename key"))


async def _rename(on: SecretsScreen, file: SecretFile, key: Path, text: str) -> None:
    assert file.document is not None
    to, pending = key_path(text, file.document), on.pending.get(file.name)
    waiting = next((each for each in pending.edits if each.path == key), None) if pending is not None else None
    edits: Sequence[Edit]
    if isinstance(waiting, Put):
        edits = [Put(to, Secret(waiting.value.reveal()), waiting.typed), Drop(key)]
    else:
        edits, seen = await on.session.cockpit.secrets.rename(file, key, to)
        if on.found is not None and seen != on.found.digests.get(file.name):
            raise SecretsError(
                Trouble.CHANGED, f"{file.name}: the file is not the one you looked at any more", "ctrl+r looks again"
            )
    put(on, file, edits)


async def show_history(on: SecretsScreen) -> None:
    """The commits that touched the key, or the file."""
    from nixtui.tui.screens.secret_history import SecretHistoryScreen

    file, key = on.file, on.key
    if file is None:
        return
    entries = await on.session.cockpit.secrets.history(file, key.path if key is not None and not on.is_age else None)
    if still_at(on, file, key) and on.found is not None:
        name = f"{shown_path(key.path)} of {file.name}" if key is not None and not on.is_age else file.name
        on.app.push_screen(SecretHistoryScreen(on.session, name, entries, on.found.repository))


async def show_merge(on: SecretsScreen) -> None:
    """The merge that the file is in, key by key."""
    from nixtui.tui.screens.secret_merge import SecretMergeScreen

    if (file := on.file) is None:
        return
    merge = await on.session.cockpit.secrets.merge(file)
    if on.app.screen is on and on.found is not None:
        on.app.push_screen(SecretMergeScreen(on.session, merge, on.found.repository))
