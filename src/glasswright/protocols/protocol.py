"""What every protocol is: a frozen programme that says what to run next and concludes from what it saw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..stage import Minimization, Stage
from .memory import Memory

Task = Stage | Minimization


@dataclass(frozen=True)
class Progress:
    """Where a run stands; plain numbers and words, ready for JSON: what a checkpoint carries."""

    phase: str
    block: int = 0
    """Which repetition of the phase (melt extension, quench segment, relaxation block)."""
    done: int = 0
    """Steps of the present stage that have run."""
    time: float = 0.0
    """Since the start of the run [fs]."""
    timestep: float = 1.0
    """[fs]"""
    melted: float = 0.0
    """Time spent in the melt so far [fs]."""
    energy: tuple[float, ...] = ()
    """Potential energy [eV/atom] at each look during the present stage (conserved energy in the drift check)."""
    volume: tuple[float, ...] = ()
    """Volume [Å³] at each look during the present stage."""
    pressure: tuple[float, ...] = ()
    """Pressure [GPa] at each look during the present stage."""
    warnings: tuple[str, ...] = ()
    results: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[Mapping[str, Any], ...] = ()
    """One row for each stage that has ended."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Progress:
        plain = dict(values)
        for name in ("energy", "volume", "pressure", "warnings", "stages"):
            plain[name] = tuple(plain[name])
        return cls(**plain)

    def go(self, phase: str) -> Progress:
        """On to the first block of another phase."""
        return replace(self, phase=phase, block=0, done=0, energy=(), volume=(), pressure=())

    def repeat(self) -> Progress:
        """On to the next block of the same phase."""
        return replace(self, block=self.block + 1, done=0, energy=(), volume=(), pressure=())

    def warn(self, sentence: str) -> Progress:
        return replace(self, warnings=(*self.warnings, sentence))

    def found(self, **results: Any) -> Progress:
        return replace(self, results={**self.results, **results})


class Protocol(ABC):
    """A programme of tasks. ``task`` and ``finish`` depend on nothing but the protocol and the progress, so a resumed run decides alike."""

    chunk: int
    """Most steps between two looks at the run."""
    seed: int
    """Of drawn velocities."""
    first_temperature: float | None
    """Of drawn velocities [K]; None: keep those of the Atoms."""
    checkpoint_steps: int | None
    """Steps between checkpoints; None: about two minutes' worth."""

    @abstractmethod
    def init(self) -> Progress: ...

    @abstractmethod
    def task(self, progress: Progress) -> Task | None:
        """The present task, or None where the run is complete."""

    @abstractmethod
    def finish(self, progress: Progress, task: Task, memory: Memory | None, potential_energy: float) -> Progress:
        """Conclude the present task from what was seen (``potential_energy`` at its end [eV/atom]) and move on."""

    @abstractmethod
    def plan(self) -> Sequence[tuple[str, Task]]:
        """Every phase and task once, without repetitions: what a dry run prints."""

    @abstractmethod
    def frames(self, phase: str) -> int:
        """How many configurations one task of this phase leaves in the trajectory."""

    drawn: frozenset[str] = frozenset()
    """Phases that begin with velocities drawn from the Maxwell-Boltzmann distribution."""
    unsettled: frozenset[str] = frozenset()
    """Phases in which a random packing is still being pushed apart: guards look for numbers only."""
    remembered: str | None = None
    """Phase during which the loss of memory is measured; its last checkpoint is kept under its name."""
    watched: frozenset[str] = frozenset()
    """Phases whose energy, volume and pressure are kept for the conclusion."""

    def look_every(self, stage: Stage) -> int:
        """Steps between two looks at this stage: at least twenty looks, so that slopes and decisions rest on more than two points."""
        return min(self.chunk, max(1, stage.n_steps // 20))

    def fraction(self, progress: Progress) -> float:
        """Share of the planned steps that is done; repetitions do not count, so it never passes the end of its phase."""
        steps = [(phase, task.n_steps) for phase, task in self.plan() if isinstance(task, Stage)]
        order = [phase for phase, _ in steps]
        if progress.phase not in order:
            return 1.0
        first = order.index(progress.phase)
        same = [n for phase, n in steps if phase == progress.phase]
        inside = sum(same[: progress.block]) + progress.done
        return (sum(n for _, n in steps[:first]) + min(inside, sum(same))) / max(1, sum(n for _, n in steps))


def record(progress: Progress, task: Task) -> Progress:
    """Progress with a row for the task that has ended."""
    row: dict[str, Any] = {"name": progress.phase}
    if isinstance(task, Minimization):
        row["method"] = task.method
    else:
        row |= {"ensemble": task.ensemble, "steps": task.n_steps, "timestep": task.timestep, "end_time": progress.time}
        if task.ensemble != "nve":
            row["temperature"] = list(task.temperature)
        if task.ensemble == "npt":
            row["pressure"] = list(task.pressure)
    return replace(progress, stages=(*progress.stages, row))
