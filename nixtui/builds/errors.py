"""What went wrong, in Nix's words: each error once, with the derivation it names."""

from typing import Final

from nixtui.builds.failure import Failure, failure_in, is_error

MAX_ERRORS: Final = 500
MAX_ERROR: Final = 16 * 2**10
"""Characters kept of one; an evaluation's trace can be long, and its end matters most."""


class Errors:
    """`texts` are the errors in the order they came. `is_fatal` tells whether nothing was begun after the last one."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.dropped = 0
        self.is_fatal = False
        self._seen: set[str] = set()
        self._line: str | None = None

    def take(self, text: str) -> Failure | None:
        """An error message, clean; gives what it says of a derivation. Words that are no error are left out."""
        self._line = None
        if not is_error(text):
            return None
        return self._add(text)

    def take_line(self, text: str) -> Failure | None:
        """A plain line, clean: the first one of an error that Nix printed as text, or one that goes on with it."""
        if is_error(text):
            self._line = text
            return self._add(text)
        if self._line is None or not text.startswith("  ") or len(self._line) > MAX_ERROR:
            self._line = None
            return None
        longer = f"{self._line}\n{text}"
        if self.texts and self.texts[-1] == self._line:
            self.texts[-1] = longer
        self._line = longer
        return failure_in(longer)

    def survived(self) -> None:
        """Work went on, so the errors so far were not the end."""
        self.is_fatal = False

    def _add(self, text: str) -> Failure | None:
        self.is_fatal = True
        failure = failure_in(text)
        text = text.strip()
        if len(text) > MAX_ERROR:
            text = "…" + text[-MAX_ERROR:]
        key = " ".join(text.split())
        if key not in self._seen:
            if len(self.texts) < MAX_ERRORS:
                self._seen.add(key)
                self.texts.append(text)
            else:
                self.dropped += 1
        return failure
