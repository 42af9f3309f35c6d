"""From bytes of a stream to the tree, in slices that leave time for the screen."""

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Final

from nixtui.builds.tree import BuildTree
from nixtui.nix.derivation_file import Drv
from nixtui.nix.internal_json import Event, LineCutter, parse_glued

SLICE_S: Final = 0.008
"""Of a frame of 16 ms, half: the rest is for drawing it."""

_LOOK_EVERY: Final = 64
"""Lines between two looks at the clock; as long takes one that is a megabyte."""

_LONG: Final = 2**16

ReadDrv = Callable[[str], Drv | None]


class Intake:
    """Takes bytes or lines of one nix process in, and applies them when there is time.

    `clock` gives the time that events are applied with, in seconds; `read` reads .drv files, where there are any.
    `on_event` is told of each event after the tree has it.
    """

    def __init__(
        self,
        tree: BuildTree,
        clock: Callable[[], float],
        *,
        read: ReadDrv | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.tree = tree
        self._clock = clock
        self._read = read
        self._on_event = on_event
        self._cutter = LineCutter()
        self._lines: deque[bytes] = deque()

    def feed(self, received: bytes) -> None:
        """Bytes of the stream, cut anywhere. Give no more before `work` has nothing left: they wait in memory."""
        self._lines.extend(self._cutter.feed(received))

    def feed_line(self, line: bytes) -> None:
        """One whole line, without its newline."""
        self._lines.append(line)

    def end(self) -> None:
        """No more will come; `work` off what is left, then `finish` the tree."""
        self._lines.extend(self._cutter.end())

    def work(self, seconds: float = SLICE_S) -> bool:
        """Apply what waits, for about so long; true when there is more to do."""
        until = perf_counter() + seconds
        lines, tree, tell = self._lines, self.tree, self._on_event
        now = self._clock()
        while lines:
            for _ in range(min(len(lines), _LOOK_EVERY)):
                line = lines.popleft()
                for event in parse_glued(line):
                    tree.apply(event, now)
                    if tell is not None:
                        tell(event)
                if len(line) > _LONG:
                    break
            if perf_counter() > until:
                return True
        return self._read_some(until)

    def _read_some(self, until: float) -> bool:
        """What derivations need, from their files."""
        wanted = self.tree.wanted
        if self._read is None:
            wanted.clear()
        while wanted:
            drv_path = wanted.popleft()
            if self._read is not None and (drv := self._read(drv_path)) is not None:
                self.tree.learn(drv_path, drv)
            if perf_counter() > until:
                break
        return bool(wanted)
