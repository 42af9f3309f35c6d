"""The line one types in: the filter, the command line, a target. While it is open no key does anything else."""

from collections.abc import Callable, Sequence

import msgspec
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from nixtui.tui.memory import keep_in_history
from nixtui.tui.paint import EMPTY, Line, Role, Span, clean, line
from nixtui.tui.widgets.field import field
from nixtui.tui.widgets.lines import Lines


class Question(msgspec.Struct, frozen=True):
    """What is asked: `edited` hears every key and answers with a hint, `submitted` gets Enter, `left` esc.

    `complete` gives whole texts that may be meant; tab takes the first, or the longest beginning they share.
    `kept_as` names the history it belongs to, where the label is not always the same.
    """

    label: str
    value: str
    edited: Callable[[str], Line]
    submitted: Callable[[str], None]
    left: Callable[[], None]
    complete: Callable[[str], Sequence[str]] = lambda _: ()
    kept_as: str | None = None

    @property
    def history(self) -> str:
        """The name of its history."""
        return self.kept_as or self.label.strip()


class Prompt(Horizontal):
    """Closed until `ask`."""

    DEFAULT_CSS = """
    Prompt {
        height: 1; display: none; padding: 0 1;
        &.-open { display: block; }
        & > #prompt-label { width: auto; height: 1; }
        & > Input, & > Input:focus, & > Input:ansi {
            width: 1fr; min-width: 20; background: transparent; background-tint: transparent; color: $paint-strong;
            border: none; padding: 0; height: 1;
        }
        & > #prompt-hint { width: auto; max-width: 60%; height: 1; }
    }
    """

    def __init__(self, histories: dict[str, list[str]]) -> None:
        super().__init__()
        self._question: Question | None = None
        self._histories = histories
        self._recalled = 0
        self._sought: str | None = None

    def compose(self) -> ComposeResult:
        """Label, input, hint."""
        yield Lines(id="prompt-label")
        yield field()
        yield Lines(id="prompt-hint")

    @property
    def is_open(self) -> bool:
        """True while somebody types."""
        return self._question is not None

    def ask(self, question: Question) -> None:
        """Open, and give the keyboard to the input."""
        self._question = question
        self._recalled, self._sought = 0, None
        label = (Span(question.label, Role.KEY),)
        self.query_one("#prompt-label", Lines).show([label])
        self.add_class("-open")
        typed = self.query_one(Input)
        typed.value = question.value
        typed.cursor_position = len(question.value)
        self.take_keyboard()
        self._hint(question.edited(question.value))

    def take_keyboard(self) -> None:
        """Now and not in a moment: the next keys are on their way."""
        self.screen.set_focus(self.query_one(Input))

    def close(self) -> None:
        """Give the keyboard back."""
        self._question = None
        self.remove_class("-open")

    def _hint(self, hint: Line) -> None:
        self.query_one("#prompt-hint", Lines).show([hint])

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._question is not None:
            self._hint(self._question.edited(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if (question := self._question) is None:
            return
        keep_in_history(self._histories.setdefault(question.history, []), event.value)
        question.submitted(event.value)

    def on_key(self, event: events.Key) -> None:
        """Esc leaves, tab completes, up and down bring back what was typed before, ctrl+r what has this in it."""
        if (question := self._question) is None:
            return
        if event.key != "ctrl+r":
            self._sought = None
        match event.key:
            case "escape":
                question.left()
            case "tab":
                self._complete(question)
            case "up":
                self._recall(question, 1)
            case "down":
                self._recall(question, -1)
            case "ctrl+r":
                self._search(question)
            case _:
                return
        event.prevent_default().stop()

    def _complete(self, question: Question) -> None:
        typed = self.query_one(Input)
        found = list(question.complete(typed.value))
        if found:
            shared = _shared_beginning(found)
            typed.value = found[0] if len(found) == 1 or len(shared) <= len(typed.value) else shared
            typed.cursor_position = len(typed.value)

    def _recall(self, question: Question, step: int) -> None:
        kept = self._histories.get(question.history, [])
        self._recalled = min(max(self._recalled + step, 0), len(kept))
        self._write(kept[-self._recalled] if self._recalled else question.value)

    def _search(self, question: Question) -> None:
        """The last entry that has in it what was typed when the search began; again: the one before."""
        if self._sought is None:
            self._sought, self._recalled = self.query_one(Input).value, 0
        kept = self._histories.get(question.history, [])
        for back in range(self._recalled + 1, len(kept) + 1):
            if self._sought in kept[-back]:
                self._recalled = back
                self._write(kept[-back])
                return

    def _write(self, text: str) -> None:
        typed = self.query_one(Input)
        typed.value = text
        typed.cursor_position = len(text)


def _shared_beginning(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    for number, letter in enumerate(first):
        if number >= len(last) or last[number] != letter:
            return first[:number]
    return first


def trouble(text: str) -> Line:
    """A hint that something typed does not work, as it is typed."""
    return line(("✖ ", Role.BAD), (clean(text), Role.WARN)) if text else EMPTY
