"""Runs any method block by block: history, samples, checkpoints; exact to resume."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..io.run_writer import RunWriter, read_checkpoint
from ..io.structures import write_structure
from ..native.monte_carlo import MonteCarlo
from .history import Block, History, columns, row
from .method import Method, State
from .problem import Problem
from .stopping import Outcome

if TYPE_CHECKING:
    from ase import Atoms

Observer = Callable[[Block, float], None]
"""Called after every block with what was reported of it and the fraction of the moves that is done."""
_TABLE = "history"


@dataclass(frozen=True)
class Progress:
    """What a checkpoint says besides the state."""

    ended: str | None = None
    """Name of the Outcome once the method is done; samples may follow."""
    samples: int = 0
    """Configurations saved."""
    seconds: float = 0.0
    """Of processor time so far."""


@dataclass(frozen=True, eq=False)
class _Now:
    """Where a run stands between two blocks."""

    state: State
    progress: Progress
    history: History
    rows: int
    """Of the history when this was so."""


@dataclass(frozen=True, eq=False)
class Ended:
    """A refinement at its end."""

    outcome: Outcome
    history: History
    moves: int
    seconds: float
    """Of processor time."""


class Driver:
    """One refinement in progress."""

    def __init__(self, method: Method, problem: Problem, path: Path) -> None:
        self._method, self._problem, self._path = method, problem, path

    def run(self, observe: Observer) -> Ended:
        """Carry the run from its last checkpoint, or from the start, to its end.

        Raises
        ------
        InputError
            If the problem lacks what the method needs, or the run directory is damaged.
        KeyboardInterrupt
            On Ctrl-C; the run resumes behind its last whole block.
        """
        checkpoint = read_checkpoint(self._path)
        if checkpoint is None:
            state, block = self._method.init(self._problem)
            progress, history = Progress(), History(columns(self._problem, block))
        else:
            files = checkpoint["files"]
            progress, state = Progress(**checkpoint["progress"]), State.load(self._path / files["restart"])
            history = History.read(self._path / f"{_TABLE}.csv", files[f"{_TABLE}_bytes"])
        writer = RunWriter(self._path, self._problem.atoms, checkpoint, _TABLE, history.columns)
        try:
            if checkpoint is None:
                writer.row(history.append(row(self._problem, block, 0.0)))
            return self._walk(_Now(state, progress, history, len(history)), writer, observe)
        finally:
            writer.close()

    def _walk(self, now: _Now, writer: RunWriter, observe: Observer) -> Ended:
        problem, method = self._problem, self._method
        clock, saved = time.process_time() - now.progress.seconds, time.monotonic()
        try:
            while (now := self._concluded(now)).progress.ended is None or now.progress.samples < problem.settings.sample_frames:
                state, block = method.block(problem, now.state)
                now = self._written(now, state, block, time.process_time() - clock, writer)
                observe(block, self._fraction(now))
                if time.monotonic() - saved >= problem.settings.checkpoint_seconds:
                    self._checkpoint(now, writer)
                    saved = time.monotonic()
        except KeyboardInterrupt:
            if len(now.history) == now.rows:  # else it came while a row was written, and the last checkpoint counts
                self._checkpoint(now, writer)
            raise
        write_structure(self._path / "glass.extxyz", self.configuration(now.state))  # before the checkpoint that says that all is done
        self._checkpoint(now, writer)
        return Ended(Outcome[str(now.progress.ended)], now.history, now.state.moves, now.progress.seconds)

    def _concluded(self, now: _Now) -> _Now:
        """With the outcome and the stage of samples, once the method is done."""
        if now.progress.ended is not None or (outcome := self._method.done(self._problem, now.state, now.history)) is None:
            return now
        return replace(now, progress=replace(now.progress, ended=outcome.name), state=replace(now.state, stage="sample"))

    def _written(self, now: _Now, state: State, block: Block, seconds: float, writer: RunWriter) -> _Now:
        """After a block, with its row and, in the stage of samples, its configuration on disk."""
        progress = replace(now.progress, seconds=seconds)
        writer.row(now.history.append(row(self._problem, block, seconds)))
        if progress.ended is not None:
            atoms = self.configuration(state)
            writer.frame(atoms.positions, atoms.cell.array, float(state.moves), "sample")
            progress = replace(progress, samples=progress.samples + 1)
        return _Now(state, progress, now.history, len(now.history))

    def _checkpoint(self, now: _Now, writer: RunWriter) -> None:
        writer.checkpoint(now.rows, now.state.save, asdict(now.progress))

    def configuration(self, state: State) -> Atoms:
        """The atoms of a state, wrapped into the cell."""
        atoms = self._problem.atoms.copy()
        atoms.positions = MonteCarlo.restore(state.kernel).positions
        atoms.wrap()
        atoms.info = {}
        return atoms

    def _fraction(self, now: _Now) -> float:
        s = self._problem.settings
        walked = 1.0 if now.progress.ended else min(1.0, now.state.moves / (s.moves * self._problem.n_atoms))
        return (walked * s.moves + now.progress.samples * s.block) / (s.moves + s.sample_frames * s.block)
