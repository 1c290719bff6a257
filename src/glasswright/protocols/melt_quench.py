"""Melt-quench: the programme of stages, and what is decided between them.

push-off → equilibrate → melt (until memory is lost) → drift check → quench → relax (until flat) → sample → inherent structure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..analysis.flatness import drift
from ..errors import RunFailed
from ..stage import Ensemble, Minimization, Stage
from .memory import Memory
from .protocol import Progress, Protocol, Task, record
from .settings import QuenchSettings

PUSH_OFF_CAP = 0.05
"""Largest distance an atom moves in one step of the push-off [Å]."""
EQUILIBRATE_TIME = 2000.0
"""Constant-volume equilibration between push-off and melt [fs]: the barostat must not see a random packing."""
SHORTEST_EXTENSION = 1000.0
"""Shortest extension of a melt [fs]."""
ENERGY_FLAT = 1e-3
"""Change of potential energy over one relaxation block that counts as none [eV/atom]: 4 % of kT at 300 K."""
VOLUME_FLAT = 1e-3
"""Relative change of volume over one relaxation block that counts as none: a tenth of the spread between measured densities."""
SHORTER = 0.7
"""Factor on the time step where its drift is too large."""
MAX_SHORTER = 3
"""How often the time step may be shortened."""


@dataclass(frozen=True)
class MeltQuench(Protocol):
    """A melt-quench for one system; every field is resolved (no None left)."""

    settings: QuenchSettings
    melt_temperature: float
    """[K]"""
    melt_pressure: float
    """[GPa]"""
    timestep: float
    """[fs]"""
    formers: tuple[str, ...]
    """Species of the network formers."""
    chunk: int

    drawn = frozenset({"push-off", "equilibrate"})  # the capped steps of the push-off leave neither a Maxwell distribution nor zero momentum
    unsettled = frozenset({"push-off", "equilibrate"})
    watched = frozenset({"equilibrate", "relax", "drift"})
    remembered = "melt"

    @property
    def seed(self) -> int:  # type: ignore[override]
        return self.settings.seed

    @property
    def first_temperature(self) -> float | None:  # type: ignore[override]
        return self.melt_temperature

    @property
    def checkpoint_steps(self) -> int | None:  # type: ignore[override]
        return self.settings.checkpoint_steps

    def init(self) -> Progress:
        return Progress("push-off", timestep=self.timestep)

    # What to run

    def task(self, progress: Progress) -> Task | None:
        """The present stage, or None where the run is complete."""
        s = self.settings
        hot = (self.melt_temperature, self.melt_temperature)
        cold = (s.final_temperature, s.final_temperature)
        match progress.phase:
            case "push-off":
                return self._stage(progress, "nvt", s.push_off_time, hot, max_displacement=PUSH_OFF_CAP)
            case "equilibrate":
                return self._stage(progress, "nvt", EQUILIBRATE_TIME, hot)
            case "melt":
                length = s.melt_time if progress.block == 0 else self._extension()
                # From the pressure that the packing has when melted: a sudden release makes the cell overshoot and boil.
                first = progress.results.get("packed_pressure", self.melt_pressure) if progress.block == 0 else self.melt_pressure
                return self._stage(progress, s.ensemble, length, hot, (first, self.melt_pressure))
            case "drift":
                return self._stage(progress, "nve", s.drift_time, hot)
            case "quench":
                temperatures, pressures, length = self.segments()[progress.block]
                return self._stage(progress, s.ensemble, length, temperatures, pressures)
            case "relax":
                return self._stage(progress, s.ensemble, s.relax_time, cold, (s.final_pressure, s.final_pressure))
            case "sample":
                return self._stage(progress, s.ensemble, s.sample_time, cold, (s.final_pressure, s.final_pressure))
            case "inherent":
                return Minimization()
            case _:
                return None

    def _extension(self) -> float:
        """Length of a second and later melt [fs]."""
        return max(self.settings.melt_time / 2, SHORTEST_EXTENSION)

    def _stage(
        self,
        progress: Progress,
        ensemble: Ensemble,
        length: float,
        temperature: tuple[float, float],
        pressure: tuple[float, float] = (0.0, 0.0),
        max_displacement: float | None = None,
    ) -> Stage:
        s = self.settings
        return Stage(
            progress.phase,
            ensemble,
            max(1, round(length / progress.timestep)),
            progress.timestep,
            temperature,
            pressure,
            s.cell,
            s.thermostat_damping,
            s.barostat_damping,
            max_displacement,
            s.thermostat if max_displacement is None else "nose-hoover",
            s.seed,
        )

    def segments(self) -> list[tuple[tuple[float, float], tuple[float, float], float]]:
        """The cooling programme: ``((T start, T end), (P start, P end), duration)`` of each stage [K, GPa, fs]."""
        s = self.settings
        start, end = self.melt_temperature, s.final_temperature
        if s.program is not None:
            temperatures = [start, *(T for T, _ in s.program)]
            legs = [((a, b), time) for a, b, (_, time) in zip(temperatures, temperatures[1:], s.program, strict=False)]
        elif s.temperature_step is not None:
            n = max(1, round((start - end) / s.temperature_step))
            height = (start - end) / n
            legs = [((start - k * height,) * 2, height / s.rate) for k in range(1, n + 1)]
        else:
            legs = [((start, end), (start - end) / s.rate)]
        total = sum(time for _, time in legs)

        def ramp(time: float) -> float:
            return self.melt_pressure + (s.final_pressure - self.melt_pressure) * time / total

        rows, clock = [], 0.0
        for temperature, time in legs:
            rows.append((temperature, (ramp(clock), ramp(clock + time)), time))
            clock += time
        return rows

    def plan(self) -> list[tuple[str, Task]]:
        phases = ["push-off", "equilibrate", "melt", "drift", "quench", "relax", "sample", "inherent"]
        tasks: list[tuple[str, Task]] = []
        for phase in phases:
            if phase == "drift" and not self.settings.drift_time:
                continue
            for block in range(len(self.segments()) if phase == "quench" else 1):
                task = self.task(Progress(phase, block=block, timestep=self.timestep))
                if task is not None:
                    tasks.append((phase, task))
        return tasks

    def frames(self, phase: str) -> int:
        shares = {"melt": 0.2, "quench": 0.7 / len(self.segments()), "relax": 0.1}
        if phase == "sample":
            return self.settings.sample_frames
        return max(1, round(self.settings.path_frames * shares[phase])) if phase in shares and self.settings.path_frames else 0

    # What follows from what was seen

    def finish(self, progress: Progress, task: Task, memory: Memory | None, potential_energy: float) -> Progress:
        progress = record(progress, task)
        match progress.phase:
            case "push-off":
                return progress.go("equilibrate")
            case "equilibrate":
                late = progress.pressure[len(progress.pressure) // 2 :] or (self.melt_pressure,)
                return progress.found(packed_pressure=sum(late) / len(late)).go("melt")
            case "melt":
                return self._after_melt(progress, task, memory)
            case "drift":
                return self._after_drift(progress, task)
            case "quench":
                last = progress.block + 1 == len(self.segments())
                return progress.go("relax") if last else progress.repeat()
            case "relax":
                return self._after_relax(progress)
            case "sample":
                return progress.go("inherent")
            case _:
                return progress.found(inherent_structure_energy=potential_energy).go("done")

    def _after_melt(self, progress: Progress, stage: Task, memory: Memory | None) -> Progress:
        assert isinstance(stage, Stage)  # noqa: S101 - narrowing, not a user's error
        assert memory is not None  # noqa: S101
        progress = replace(progress, melted=progress.melted + stage.duration)
        lost = memory.is_lost(self.formers)
        progress = progress.found(
            melt_time=progress.melted,
            melt_extensions=progress.block,
            memory_lost=lost,
            memory=memory.sentence(),
            msd=dict(memory.msd),
            scattering=dict(memory.scattering),
        )
        if not lost:
            if progress.melted + self._extension() <= self.settings.melt_time_max:
                return progress.repeat()
            progress = progress.warn(
                f"The melt kept part of its memory when its longest time ({self.settings.melt_time_max / 1000:g} ps) was over: {memory.sentence()}. "
                "Raise melt_temperature or melt_time_max.",
            )
        return progress.go("drift" if self.settings.drift_time else "quench")

    def _after_drift(self, progress: Progress, stage: Task) -> Progress:
        assert isinstance(stage, Stage)  # noqa: S101
        per_ps = drift(progress.energy).change / (stage.duration / 1000)
        progress = progress.found(drift=per_ps)
        if abs(per_ps) <= self.settings.drift_bound:
            return progress.go("quench")
        if progress.block == MAX_SHORTER:
            raise RunFailed(
                f"Energy is not conserved: it drifts by {per_ps:.1e} eV/atom/ps in NVE at a time step of {progress.timestep:.3g} fs.",
                f"The bound is {self.settings.drift_bound:g}, and shorter time steps did not help.",
                "Lower melt_temperature, or set drift_bound if the drift is acceptable to you.",
            )
        shorter = progress.timestep * SHORTER
        progress = progress.warn(
            f"The time step was shortened from {progress.timestep:.3g} to {shorter:.3g} fs: NVE energy drifted by {per_ps:.1e} eV/atom/ps in the melt."
        )
        return replace(progress.repeat(), timestep=shorter)

    def _after_relax(self, progress: Progress) -> Progress:
        s = self.settings
        energy, volume = drift(progress.energy), drift(progress.volume)
        tolerance = VOLUME_FLAT * progress.volume[-1] if progress.volume else 0.0
        flat = energy.is_flat(ENERGY_FLAT) and (s.ensemble == "nvt" or volume.is_flat(tolerance))
        relaxed = (progress.block + 1) * s.relax_time
        progress = progress.found(relax_time=relaxed, relaxed=flat)
        if not flat and relaxed + s.relax_time <= s.relax_time_max:
            return progress.repeat()
        if not flat:
            progress = progress.warn(f"After {relaxed / 1000:g} ps at {s.final_temperature:g} K energy or volume were still drifting. Raise relax_time_max.")
        return progress.go("sample")
