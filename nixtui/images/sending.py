"""The blocks of an image on their way: threads that read, put and record, as many as the link can use."""

import threading
from collections import Counter, deque
from collections.abc import Iterable
from hashlib import sha256

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.pace import MOST_IN_FLIGHT, Pace
from nixtui.aws.snapshots import BLOCK, BlockWriter, Line
from nixtui.images.blocks import BlockMap
from nixtui.images.disk import BadImage, Disk
from nixtui.images.ledger import Ledger

SYNC_EVERY = 500
"""Blocks between two syncs of the journal: a power cut costs at most so many sent again."""


def in_order(blocks: BlockMap, there: set[int], begun: Counter[int]) -> list[int]:
    """Places of the blocks still to be sent.

    Those that an earlier run had begun come last, the most often begun at the very end: whoever is killed over and
    over then loses other blocks each time, and no block is sent a third time.
    """
    left = (place for place, index in enumerate(blocks.indexes) if index not in there)
    return sorted(left, key=lambda place: begun[blocks.indexes[place]]) if begun else list(left)


class Sender:
    """Sends what is left of one upload. `sent` counts the blocks that arrived; any thread may read it."""

    def __init__(self, line: Line, disk: Disk, blocks: BlockMap, ledger: Ledger, pace: Pace) -> None:
        self.sent = 0
        self._line = line
        self._disk = disk
        self._blocks = blocks
        self._ledger = ledger
        self._pace = pace
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._queue: deque[int] = deque()
        self._writers: list[BlockWriter] = []
        self._idle: list[tuple[BlockWriter, bytearray]] = []
        self._failure: Exception | None = None

    def run(self, places: Iterable[int]) -> None:
        """Send the blocks at these places. Blocking; raises `AwsError`, `BadImage` or `OSError` of the first failure.

        Returns early when stopped.
        """
        self._queue.extend(places)
        count = min(MOST_IN_FLIGHT, len(self._queue))
        threads = [threading.Thread(target=self._work, name=f"put-{number}", daemon=True) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for writer in self._writers:
            writer.connection.close()
        self._ledger.sync()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End soon: what waits is given up, what is on the wire is cut."""
        self._stop.set()
        self._pace.wake()
        with self._lock:
            for writer in self._writers:
                writer.connection.abort()

    def _work(self) -> None:
        try:
            while self._queue and self._pace.admit(self._stop):
                try:
                    place = self._queue.popleft()
                except IndexError:  # others were faster
                    self._pace.done(None)
                    break
                writer, buffer = self._take()
                self._send(writer, place, memoryview(buffer))
                self._idle.append((writer, buffer))
        except Exception as error:
            with self._lock:
                if not self._stop.is_set():
                    self._failure = self._failure or error
            self.stop()

    def _take(self) -> tuple[BlockWriter, bytearray]:
        """The connection and buffer used last: turns go round all threads, and each would open a connection."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            writer = BlockWriter(self._line, self._pace, self._stop)
            self._writers.append(writer)
        return writer, bytearray(BLOCK)

    def _send(self, writer: BlockWriter, place: int, view: memoryview) -> None:
        index, digest = self._blocks.indexes[place], self._blocks.digest(place)
        try:
            self._disk.read_into(view, index * BLOCK)
            self._ledger.begin(index)
        except BaseException:
            self._pace.done(None)
            raise
        try:
            taken = writer.put(index, view, digest)
        except AwsError as error:
            if error.kind is not Kind.THROTTLED and sha256(view).digest() != digest:
                raise BadImage("the image was changed while it was being sent", "run the same command again") from error
            raise
        if taken:
            self._ledger.there(index)
            with self._lock:
                self.sent += 1
                due = self.sent % SYNC_EVERY == 0
            if due:
                self._ledger.sync()
