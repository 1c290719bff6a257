"""Time and memory of a call."""

from __future__ import annotations

import time
from pathlib import Path

from .contestant import Answer, Call

SECONDS, TURNS = 6.0, 25
"""A call is repeated until so many seconds have gone, or so many times; at least three times where ten times the seconds allow it."""


def timed(call: Call) -> tuple[Answer, float, float, float]:
    """The answer, the seconds of the processor and of the clock of the faster calls, and the peak of memory of the first call [MB]."""

    def once(number: int) -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(number):
            call()
        return (time.process_time() - cpu) / number, (time.perf_counter() - wall) / number

    before, begin = memory("VmRSS"), time.perf_counter()
    wall, cpu = begin, time.process_time()
    answer = call()
    taken = [(time.process_time() - cpu, time.perf_counter() - wall)]
    peak = memory("VmHWM") - before
    number = max(1, int(0.05 / max(taken[0][1], 1e-4)))  # the clock of the processor is coarse
    while len(taken) <= TURNS and time.perf_counter() - begin < (SECONDS if len(taken) > 3 else 10 * SECONDS):
        taken.append(once(number))
    # What is computed but once, such as compilation, is in the first call.
    turns = taken[1:] or taken
    return answer, *(sorted(part)[len(turns) // 4] for part in zip(*turns, strict=True)), peak


def memory(what: str) -> float:
    """Resident memory now, which also resets its peak, or the peak [MB]; not a number where the system does not say."""
    try:
        if what == "VmRSS":
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(what))
    except (OSError, StopIteration):
        return float("nan")
