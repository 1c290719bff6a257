"""Ctrl-C that waits for the end of a conversation."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_put_off() -> Iterator[None]:
    """Act on a Ctrl-C only when the block ends.

    An exception at the wrong instant loses a line that was read already, and the two ends of a pipe then wait for each other.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield  # nothing is raised here: only the main thread hears of signals
        return
    heard: list[object] = []
    signal.signal(signal.SIGINT, lambda *about: heard.append(about))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if heard:
        handler(signal.SIGINT, None)
