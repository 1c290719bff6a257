"""What is analysed: the configurations of a run, of a file, or in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.frames import frames_of
from ..analysis.sample import Sample
from ..errors import InputError
from ..io.run import Run
from ..io.structures import read_structures
from ..units import parse

if TYPE_CHECKING:
    from ase import Atoms

MOST_FRAMES = 20
"""So many configurations of a trajectory are averaged over unless another number is asked for."""


@dataclass(frozen=True)
class Reading:
    """What a structure file may not say itself."""

    types: str | None = None
    """Elements of LAMMPS types 1, 2, ..."""
    cell: Sequence[float] | None = None
    """Edges [Å], or edges and angles [degrees]."""
    interval: str | float | None = None
    """Time between configurations [fs], or text with a unit."""


def run_sample(run: Run, n_frames: int | None = None) -> Sample:
    """Configurations of the stage ``sample`` at the end of a run, else its product alone; for the dynamics those of its melt."""
    if not (run.path / "trajectory.gsd").is_file():
        return Sample([run.atoms])
    sampled = run.frames.of_stage("sample")
    chosen = evenly(sampled, n_frames or len(sampled)) if len(sampled) else [run.atoms] if n_frames is None else evenly(run.frames, n_frames)
    stage = run.settings["settings"].get("temperature", (0.0,)) if run.settings["kind"] == "md" else None
    moving = run.frames.of_stage("melt" if stage is None else "md")
    steady = stage is None or len(set(np.atleast_1d(stage))) == 1
    return Sample(chosen, moving if steady and len(moving) > 2 else ())


def file_sample(path: Path, reading: Reading, n_frames: int | None = None) -> tuple[Sample, str]:
    """Configurations of a file, at most 20 of them unless another number is asked for, and a sentence where some were left out.

    Dynamics needs the time of every configuration, from the file (``time`` [fs]) or as the interval between them.
    """
    found = read_structures(path, reading.types, reading.cell)
    chosen = evenly(found, n_frames or MOST_FRAMES)
    left_out = f"Averaged over {len(chosen)} of the {len(found)} configurations in {path}, evenly chosen." if len(chosen) < len(found) else ""
    if reading.interval is not None:
        for number, atoms in enumerate(found):
            atoms.info["time"] = number * parse(reading.interval, "time", "interval")
    timed = len(found) > 2 and all("time" in atoms.info for atoms in found)
    return Sample(chosen, found if timed else ()), left_out


def memory_sample(source: Atoms | Sequence[Atoms], n_frames: int | None = None) -> Sample:
    """Configurations in memory."""
    frames = frames_of(source)
    return Sample(frames if n_frames is None else evenly(frames, n_frames))


def evenly(frames: Sequence[Atoms], number: int) -> list[Atoms]:
    """At most ``number`` of the configurations, evenly chosen, the last one among them."""
    if number < 1:
        raise InputError(f"An analysis of {number} configurations is not possible.", mend="Give a positive number of frames.")
    count = min(number, len(frames))
    return [frames[i] for i in sorted({len(frames) - 1 - (len(frames) * k) // count for k in range(count)})]
