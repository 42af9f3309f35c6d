"""Telling what happens to one target of an operation, as events."""

from dataclasses import dataclass, field

from nixtui.operations.events import Countdown, LogLine, Note, StepFinished, StepStarted
from nixtui.operations.operation import Run

KEPT_LINES = 40
"""Lines of output kept for the report: what explains a failure is nearly always at the end."""


@dataclass(slots=True)
class Narrator:
    """Tells steps, notes, output and the countdown of `target`; keeps the last lines for the report."""

    run: Run
    target: str
    lines: list[str] = field(default_factory=list)
    step: str | None = None
    _since: float = 0.0

    def begin(self, step: str) -> None:
        """A step began. One that was still open ends without a word."""
        self.step, self._since = step, self.run.clock()
        self.run.tell(StepStarted(at=self._since, target=self.target, step=step))

    def end(self, ok: bool, detail: str | None = None) -> None:
        """The open step ended; nothing happens when none is open."""
        if self.step is None:
            return
        now, step = self.run.clock(), self.step
        self.step = None
        self.run.tell(
            StepFinished(at=now, target=self.target, step=step, ok=ok, seconds=now - self._since, detail=detail)
        )

    def note(self, text: str) -> None:
        """One sentence."""
        self.run.tell(Note(at=self.run.clock(), target=self.target, text=text))

    def output(self, text: str) -> None:
        """One line of a command's own output."""
        self.keep([text])
        self.run.tell(LogLine(at=self.run.clock(), target=self.target, text=text))

    def keep(self, lines: list[str] | tuple[str, ...]) -> None:
        """Lines for the report that are not told by themselves."""
        self.lines.extend(lines)
        del self.lines[:-KEPT_LINES]

    def countdown(self, until: float | None, boot_id: str | None) -> None:
        """The target goes back by itself at `until`, or no longer will."""
        self.run.tell(Countdown(at=self.run.clock(), target=self.target, until=until, boot_id=boot_id))
