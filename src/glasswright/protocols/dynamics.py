"""The two smallest protocols: one stage of molecular dynamics, and one minimisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..stage import Minimization, Stage
from .memory import Memory
from .protocol import Progress, Protocol, Task, record


@dataclass(frozen=True)
class SingleTask(Protocol):
    """One task, then done."""

    name: str
    work: Task
    seed: int
    first_temperature: float | None
    chunk: int
    n_frames: int = 100
    """Configurations saved along a stage."""
    checkpoint_steps: int | None = None

    @property
    def unsettled(self) -> frozenset[str]:  # type: ignore[override]
        """Whatever the caller wants to run: surfaces, gases, packings. Guards look for numbers only."""
        return frozenset({self.name})

    @property
    def drawn(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({self.name})

    def init(self) -> Progress:
        return Progress(self.name, timestep=self.work.timestep if isinstance(self.work, Stage) else 1.0)

    def task(self, progress: Progress) -> Task | None:
        return self.work if progress.phase == self.name else None

    def finish(self, progress: Progress, task: Task, memory: Memory | None, potential_energy: float) -> Progress:
        progress = record(progress, task)
        if isinstance(task, Minimization):
            progress = progress.found(inherent_structure_energy=potential_energy)
        return progress.go("done")

    def plan(self) -> Sequence[tuple[str, Task]]:
        return [(self.name, self.work)]

    def frames(self, phase: str) -> int:
        return self.n_frames
