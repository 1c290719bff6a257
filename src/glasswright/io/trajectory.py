"""Trajectories as GSD: OVITO and MDAnalysis read it, access is random and frames are appended.

Format: the HOOMD schema (positions wrapped into a box centred at the origin, plus image counts; velocities in Å/fs); float32, so good to about
1e-6 of the box. The precise product of a run is glass.extxyz.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..forcefield import species_labels
from ..units import MASS_VELOCITY2

if TYPE_CHECKING:
    from ase import Atoms


class TrajectoryWriter:
    """Append configurations of one system to a GSD file."""

    def __init__(self, path: Path, atoms: Atoms, keep: int | None = None) -> None:
        """Open ``path``; with ``keep`` only its first frames stay (a resumed run drops what came after its checkpoint)."""
        import gsd.hoomd

        labels = species_labels(atoms)
        self._types = sorted(set(labels))
        self._typeid = np.searchsorted(np.array(self._types), labels).astype(np.uint32)
        self._mass = atoms.get_masses().astype(np.float32)
        if keep is not None:
            _truncate(path, keep)
        self._path = path
        self._file = gsd.hoomd.open(str(path), "r+" if path.exists() else "w")

    def __len__(self) -> int:
        return len(self._file)

    def append(self, positions: NDArray[np.float64], cell: NDArray[np.float64], time: float, stage: str, velocities: NDArray[np.float64] | None = None) -> None:
        """Add one configuration; positions unwrapped ``(n_atoms, 3)`` [Å], cell rows lower triangular ``(3, 3)`` [Å], time [fs], velocities
        ``(n_atoms, 3)`` [Å/fs] where vibrations may be wanted."""
        import gsd.hoomd

        fractional = positions @ np.linalg.inv(cell)
        image = np.floor(fractional)
        frame = gsd.hoomd.Frame()
        frame.configuration.step = len(self._file)
        lx, ly, lz = np.diag(cell)
        frame.configuration.box = [lx, ly, lz, cell[1, 0] / ly, cell[2, 0] / lz, cell[2, 1] / lz]
        frame.particles.N = len(positions)
        frame.particles.types = self._types
        frame.particles.typeid = self._typeid
        frame.particles.mass = self._mass
        frame.particles.position = ((fractional - image - 0.5) @ cell).astype(np.float32)
        frame.particles.image = image.astype(np.int32)
        if velocities is not None:
            frame.particles.velocity = velocities.astype(np.float32)
        frame.log["time"] = np.array([time])
        frame.log["stage"] = np.frombuffer(stage.encode(), dtype=np.uint8)
        self._file.append(frame)

    def flush(self) -> None:
        """Put every appended frame on disk."""
        self._file.flush()
        with open(self._path, "rb") as handle:
            os.fsync(handle.fileno())

    def close(self) -> None:
        self._file.close()


class TrajectoryReader:
    """Random access to the configurations of a GSD file as ase.Atoms."""

    def __init__(self, path: Path) -> None:
        import gsd.hoomd

        if not path.is_file():
            raise InputError(f"There is no trajectory {path}.")
        try:
            self._file = gsd.hoomd.open(str(path), "r")
        except (RuntimeError, OSError) as error:
            raise InputError(f"{path} is no readable GSD trajectory.", str(error)) from None

    def __len__(self) -> int:
        return len(self._file)

    def __getitem__(self, index: int) -> Atoms:
        from ase import Atoms
        from ase.data import atomic_numbers

        frame: Any = self._file[index]
        lx, ly, lz, xy, xz, yz = (float(v) for v in frame.configuration.box)
        cell = np.array([[lx, 0, 0], [xy * ly, ly, 0], [xz * lz, yz * lz, lz]])
        types, symbols = frame.particles.types, _symbols(frame.particles.types)
        atoms = Atoms(numbers=np.array([atomic_numbers[s] for s in symbols])[frame.particles.typeid], cell=cell, pbc=True)
        atoms.positions = frame.particles.position.astype(float) + 0.5 * cell.sum(axis=0) + frame.particles.image @ cell
        atoms.set_masses(frame.particles.mass)
        if self._file.file.chunk_exists(index % len(self), "particles/velocity"):
            atoms.set_velocities(frame.particles.velocity.astype(float) * MASS_VELOCITY2**0.5)  # ASE counts time in Å sqrt(u/eV)
        if types != symbols:
            atoms.set_array("species", np.array(types)[frame.particles.typeid])
        atoms.info["time"] = float(frame.log["time"][0])
        atoms.info["stage"] = _word(frame.log["stage"])
        return atoms

    def stages(self) -> list[str]:
        """The stage of every configuration, without reading their positions."""
        file = self._file.file
        return [_word(file.read_chunk(i if file.chunk_exists(i, "log/stage") else 0, "log/stage")) for i in range(len(self))]


def _word(letters: NDArray[np.uint8]) -> str:
    return bytes(np.asarray(letters, dtype=np.uint8)).decode()


def _symbols(labels: Sequence[str]) -> list[str]:
    """Elements of species labels such as Fe3: the letters before the first digit."""
    return [label.rstrip("0123456789+-") for label in labels]


def _truncate(path: Path, keep: int) -> None:
    """Keep the first frames only; a damaged tail of a killed run goes with the rest."""
    import gsd.hoomd

    if not path.exists():
        if keep:
            raise InputError(f"{path} is missing.", f"The checkpoint says that it holds {keep} frames.", "Restore the file or start again with --overwrite.")
        return
    if not keep:
        path.unlink()
        return
    scratch = path.with_suffix(".part")
    try:
        with gsd.hoomd.open(str(path), "r") as old:
            if len(old) == keep:
                return
            with gsd.hoomd.open(str(scratch), "w") as new:
                for i in range(keep):
                    new.append(old[i])
        os.replace(scratch, path)
    except (RuntimeError, OSError, IndexError) as error:
        if getattr(error, "errno", None):  # the disk, not the file
            raise
        raise InputError(f"{path} is damaged.", str(error), "Start again with --overwrite.") from None
    finally:
        scratch.unlink(missing_ok=True)
