"""A contestant is a process of its own that sets up one simulation, gives its forces (or what else is compared) and runs steps when told to.

Processes keep contestants from disturbing each other (threads that wait, memory, crashes) and let a slow one be stopped. They are
idle while another runs. The messages are one JSON object per line; arrays travel as files.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

Taken = tuple[float, float]
"""Seconds of the clock, seconds of processors."""
LIMIT, PATIENCE = 120.0, 1200.0
"""Seconds of the processor after which a contestant that does not answer is stopped, and of the clock, on a machine that does other things as well."""


class TooSlow(Exception):
    """The contestant needed more than ``LIMIT`` seconds of the processor, or ``PATIENCE`` of the clock."""


class Failed(Exception):
    """The contestant reported an error or died."""


class Served(ABC):
    """What runs inside the process."""

    @abstractmethod
    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        """Make the simulation ready; ``atoms`` has symbols, positions ``(n, 3)`` [Å] and lengths ``(3,)`` [Å]."""

    @abstractmethod
    def answer(self) -> np.ndarray:
        """What is compared before anything is timed: forces of the start ``(n, 3)`` [eV/Å], in the order given, or its costs."""

    def run(self, n_steps: int) -> Taken:
        """Run steps from where the last ones ended."""
        self.prepare()
        wall, cpu = time.perf_counter(), time.process_time()
        self.steps(n_steps)
        taken = time.perf_counter() - wall, time.process_time() - cpu
        self.verify()
        return taken

    def prepare(self) -> None:  # noqa: B027
        """What has to be done before a run and is not counted."""

    @abstractmethod
    def steps(self, n_steps: int) -> None: ...

    def verify(self) -> None:  # noqa: B027
        """Raise if the run cannot be trusted."""

    def change(self, lines: list[str]) -> None:
        """Commands in the program's own language."""
        raise NotImplementedError


def serve(served: Served) -> None:
    """Answer until the parent closes the pipe. Whatever the program prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"answer": _answer(served, question)}
        except Exception as error:  # the parent decides what to do with it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def _answer(served: Served, question: dict[str, Any]) -> Any:
    do = {  # no match statement: one contestant needs Python 3.9
        "setup": lambda: served.setup(dict(np.load(question["atoms"])), question["spec"]),
        "answer": lambda: np.save(question["to"], served.answer()),
        "change": lambda: served.change(question["lines"]),
        "run": lambda: served.run(question["steps"]),
        "accepted": lambda: served.accepted(),
    }
    return do[question["do"]]()


def processor_seconds(pid: int) -> float:
    """What a process has taken [s]; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Worker:
    """The parent's side of a contestant."""

    def __init__(self, module: str, folder: Path, threads: int = 1, python: str = sys.executable) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        here = Path(__file__).parent.parent
        command, pipe = [python, "-m", f"contestants.{module}"], subprocess.PIPE
        with open(folder / "contestants.log", "a", encoding="utf-8") as log:
            self._process = subprocess.Popen(command, cwd=here, env=environment, stdin=pipe, stdout=pipe, stderr=log, text=True)
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._file = folder / f"answer-{self._process.pid}.npy"

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._answers.put(line)
        self._answers.put("")

    def ask(self, **question: Any) -> Any:
        """Send a question and wait for the answer."""
        try:
            print(json.dumps(question), file=self._process.stdin, flush=True)
            line = self._answer()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed(f"the process ended with status {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["answer"]

    def _answer(self) -> str:
        pid = self._process.pid
        begin, spent = time.monotonic(), processor_seconds(pid)
        while True:
            try:
                return self._answers.get(timeout=1.0)
            except queue.Empty:
                if processor_seconds(pid) - spent > LIMIT or time.monotonic() - begin > PATIENCE:
                    self.close()
                    raise TooSlow from None

    def setup(self, atoms: Path, spec: dict[str, Any]) -> Worker:
        self.ask(do="setup", atoms=str(atoms), spec=spec)
        return self

    def answer(self) -> np.ndarray:
        self.ask(do="answer", to=str(self._file))
        return np.load(self._file)

    def change(self, *lines: str) -> None:
        self.ask(do="change", lines=lines)

    def run(self, steps: int) -> Taken:
        wall, cpu = self.ask(do="run", steps=steps)
        return wall, cpu

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
