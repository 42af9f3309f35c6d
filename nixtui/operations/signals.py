"""Ending in order when a signal asks for it: what was started must not outlive it."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Cancel the current task on the first SIGTERM or SIGHUP; once all is cleared away the process ends by that signal.

    Does nothing where somebody else handles them, or in another thread than Python's signals are handled in.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    received: list[int] = []

    def end(number: int) -> None:
        if task is not None and not received:
            task.cancel()
        received.append(number)

    is_main = threading.current_thread() is threading.main_thread()
    handled = [number for number in _SIGNALS if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        loop.add_signal_handler(number, end, number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
        if received:
            os.kill(os.getpid(), received[0])
