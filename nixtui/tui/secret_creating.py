"""A new file of secrets: its place, its first key, its value. It follows the rule that is for its place."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nixtui.secrets.edit import Put
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.guards import objections
from nixtui.secrets.key_path import key_path, shown_path
from nixtui.secrets.secret import Secret
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.secret_acts import propose
from nixtui.tui.widgets.prompt import Question, trouble

if TYPE_CHECKING:
    from nixtui.secrets.creating import NewFile
    from nixtui.secrets.document import Path
    from nixtui.tui.screens.secret_value import Entered
    from nixtui.tui.screens.secrets import SecretsScreen


def create(on: SecretsScreen) -> None:
    """Ask where."""
    if on.found is None:
        return
    there = {each.name for each in on.found.repository.files}
    folder = on.file.name.rpartition("/")[0] if on.file is not None else ""

    def edited(text: str) -> Line:
        if text in there:
            return trouble("it is there already")
        return (
            EMPTY if text.strip("/") else line(("from the root of the repository, like secrets/web.yaml", Role.FAINT))
        )

    def submitted(text: str) -> None:
        on.stop_asking()
        if text.strip("/") and not text.endswith("/"):
            on.in_background(partial(_ruled, on, text), group="act", doing="Looking for its rule")

    value = f"{folder}/" if folder else ""
    on.ask(Question("new file ▸ ", value, edited, submitted, on.stop_asking, kept_as="new file"))


async def _ruled(on: SecretsScreen, text: str) -> None:
    new = await on.session.cockpit.secrets.new_file(text)
    if on.app.screen is not on:
        return
    if new.rule is None or new.format.value == "binary":
        _ask_value(on, new, ("data",))
    else:
        _ask_key(on, new)


def _ask_key(on: SecretsScreen, new: NewFile) -> None:
    def edited(text: str) -> Line:
        if not text.strip("/") or text.endswith("/"):
            return line(("its first key, like db/password", Role.FAINT))
        try:
            against = objections(new.document, [Put(key_path(text, new.document), Secret(b""))])
        except SecretsError as error:
            return trouble(error.reason)
        return trouble(against[0].reason) if against else line(("→ new", Role.GOOD))

    def submitted(text: str) -> None:
        on.stop_asking()
        try:
            if text.strip("/"):
                _ask_value(on, new, key_path(text, new.document))
        except SecretsError as error:
            on.session.confess(error, "Creating a file")

    on.ask(Question(f"first key of {clean(new.name)} ▸ ", "", edited, submitted, on.stop_asking, kept_as="new key"))


def _ask_value(on: SecretsScreen, new: NewFile, path: Path) -> None:
    from nixtui.tui.screens.confirming import PlanQuestion
    from nixtui.tui.screens.secret_value import ValueDialog

    what = new.name if path == ("data",) else f"{shown_path(path)} of {new.name}"
    secrets = on.session.cockpit.secrets

    def entered(found: Entered | None) -> None:
        if found is None:
            return
        edit = Put(path, found.value, found.typed)
        question = PlanQuestion(
            f"Create {new.name}", "Create", partial(secrets.plan_create, new, edit), asking="looking for its rule"
        )
        propose(on, (new.name,), question, found.value.wipe)

    may_be_typed = new.rule is not None and path != ("data",)
    on.app.push_screen(
        ValueDialog(on.session, f"Value of {what}", Secret(b""), typed=False, may_be_typed=may_be_typed), entered
    )
