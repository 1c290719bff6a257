"""The compiled core as a function of JAX on the CPU: energy, forces and virial of a whole force field in one call of XLA.

The call keeps its neighbour list inside the core, so that whole runs may be one compiled loop. XLA reaches the core through a small
handler (``handler.cc``) that is compiled once, by the system's C++ compiler, against the headers that come with jaxlib; where that cannot be
done, through Python. First derivatives are the forces and the virial themselves; all others are those of the same force field in JAX.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...errors import InputError
from ...forcefield import ForceField
from ...native import core
from ..cell import checked_cell
from ..native import NativeEngine
from ..native.far_field import FarFieldSettings
from .neighbours import Neighbours, reciprocal
from .parts import EnergyForcesVirial, Parameters, Part, any_outgrown, total_energy, total_energy_forces_virial

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

TARGET = "glasswright_forces"
"""Name of the handler, in its library and in XLA."""
CACHE = "GLASSWRIGHT_CACHE"
"""Environment variable that names the folder for what is compiled on this machine."""


@dataclass(frozen=True, eq=False)
class NativeKernel:
    """A force field in the compiled core: the one part of an energy, or, where parameters are given, what the parts in JAX are.

    A call knows by its place in a batch (``jax.vmap``) which list it had before. Threads do not disturb each other.
    """

    n_atoms: int
    parts: tuple[Part, ...]
    """The same force field in JAX: for derivatives with respect to parameters, and beyond the first."""
    kernel: Any
    """``Kernel`` of the compiled core."""
    settings: FarFieldSettings | None
    """How the far field is summed; None where there is none."""

    def outgrown(self, cell: NDArray[np.float64]) -> bool:
        """Whether a cell has grown beyond what the mesh of the far field was chosen for."""
        return any_outgrown(self.parts, np.asarray(cell)) or (self.settings is not None and self.settings.needs_regrid(np.asarray(cell)))

    def forces(self, positions: Array, cell: Array) -> Array:
        """Forces ``(n_atoms, 3)`` [eV/Å] alone, in less time; they have no derivatives."""
        return self._call(positions, cell, everything=False)[1]

    def energy(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours | None) -> Array:
        """[eV]; ``neighbours`` are for second derivatives and for parameters, and may be None otherwise."""
        if theta is None:
            return _energy(self, positions, cell, neighbours)
        return total_energy(self.parts, theta, positions, cell, _listed(neighbours))

    def energy_forces_virial(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours | None) -> EnergyForcesVirial:
        """[eV], [eV/Å], [eV]"""
        return _energy_forces_virial(self, positions, cell, neighbours) if theta is None else self._in_jax(theta, positions, cell, neighbours)

    def _in_jax(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours | None) -> EnergyForcesVirial:
        return total_energy_forces_virial(self.parts, theta, positions, cell, _listed(neighbours))

    def _call(self, positions: Array, cell: Array, everything: bool = True) -> EnergyForcesVirial:
        positions, cell = (jnp.asarray(a, jnp.result_type(float)) for a in (positions, cell))
        if positions.shape != (self.n_atoms, 3) or cell.shape != (3, 3):
            raise InputError(
                f"Positions are {positions.shape} and the cell is {cell.shape}.",
                f"This force field was made ready for {self.n_atoms} atoms: positions ({self.n_atoms}, 3), cell (3, 3).",
                "Use jax.vmap for several systems of these atoms, and another potential for others.",
            )
        shapes = tuple(jax.ShapeDtypeStruct(shape, positions.dtype) for shape in ((), positions.shape, (3, 3)))
        if handler_refusal() is None:
            call = jax.ffi.ffi_call(TARGET, shapes, vmap_method="broadcast_all")
            energy, forces, virial = call(positions, cell, kernel=np.int64(self.kernel.number), everything=np.int64(everything))
        else:
            energy, forces, virial = jax.pure_callback(partial(self._in_python, everything=everything), shapes, positions, cell, vmap_method="broadcast_all")
        return energy, forces, virial

    def _in_python(self, positions: Any, cell: Any, everything: bool) -> tuple[NDArray[Any], ...]:
        places = np.ascontiguousarray(positions, dtype=np.float64).reshape(-1, self.n_atoms, 3)
        cells = np.ascontiguousarray(cell, dtype=np.float64).reshape(-1, 3, 3)
        found = [self.kernel.evaluate(p, h, system, everything) for system, (p, h) in enumerate(zip(places, cells, strict=True))]
        batch, dtype = np.shape(positions)[:-2], np.asarray(positions).dtype
        return tuple(np.asarray([one[k] for one in found], dtype).reshape(batch + np.shape(found[0][k])) for k in range(3))


def native_kernel(
    forcefield: ForceField,
    atoms: Atoms,
    parts: tuple[Part, ...] = (),
    *,
    accuracy: float = 1e-5,
    precision: Literal["single", "double"] = "single",
    threads: int = 1,
) -> NativeKernel:
    """A force field in the compiled core, made ready for given atoms, as a function of JAX.

    Parameters
    ----------
    forcefield, atoms
        As of ``potential``; the cell must be wide enough for the native engine.
    parts
        The same force field in JAX, for second derivatives and parameters.
    accuracy
        Relative force error asked of the far field of an Ewald sum.
    precision
        ``single``: the core's mixed precision, positions in fixed point and sums in double.
    threads
        Of one call.

    Raises
    ------
    InputError
        If the native engine cannot run the force field with these atoms, or JAX does not compute on the CPU.
    """
    if jax.default_backend() != "cpu":
        raise InputError(f"JAX computes on {jax.default_backend()}.", "The compiled core runs on the CPU.", 'Use kernel="jax", or set JAX_PLATFORMS=cpu.')
    engine = NativeEngine(accuracy=accuracy, threads=threads, precision="double" if precision == "double" else "mixed")
    if refusal := engine.supports(forcefield, atoms):
        raise InputError("The compiled core cannot take these atoms.", refusal, 'Use kernel="jax", which counts images.')
    interactions = engine.interactions(forcefield, atoms)
    settings = interactions.far_field(checked_cell(atoms)[0])
    return NativeKernel(len(atoms), parts, core().Kernel(interactions.forces(settings)), settings)


def _listed(neighbours: Neighbours | None) -> Neighbours:
    if neighbours is None:
        raise InputError(
            "Derivatives with respect to parameters, and second ones, need neighbours.",
            "The compiled core gives forces and virial; the rest is computed in JAX.",
            "Give what Potential.neighbours makes.",
        )
    return neighbours


def _slope(positions: Array, cell: Array, forces: Array, virial: Array, tangents: tuple[Array, Array]) -> Array:
    """Change of the energy with positions and cell: -F·dr and what the images of the atoms move by."""
    moved, deformed = tangents
    inverse = reciprocal(cell)
    return jnp.sum(((positions @ inverse).T @ forces - inverse.T @ virial) * deformed) - jnp.sum(forces * moved)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _energy(kernel: NativeKernel, positions: Array, cell: Array, neighbours: Neighbours | None) -> Array:
    return kernel._call(positions, cell)[0]


@_energy.defjvp  # type: ignore[untyped-decorator]
def _energy_slope(kernel: NativeKernel, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Array, Array]:
    positions, cell, _ = primals
    energy, forces, virial = _energy_forces_virial(kernel, *primals)
    return energy, _slope(positions, cell, forces, virial, tangents[:2])


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _energy_forces_virial(kernel: NativeKernel, positions: Array, cell: Array, neighbours: Neighbours | None) -> EnergyForcesVirial:
    return kernel._call(positions, cell)


@_energy_forces_virial.defjvp  # type: ignore[untyped-decorator]
def _all_slopes(kernel: NativeKernel, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[EnergyForcesVirial, EnergyForcesVirial]:
    positions, cell, neighbours = primals
    energy, forces, virial = _energy_forces_virial(kernel, *primals)
    in_jax = lambda p, h: kernel._in_jax(None, p, h, neighbours)[1:]  # noqa: E731
    moved = jax.jvp(in_jax, (positions, cell), tangents[:2])[1]
    return (energy, forces, virial), (_slope(positions, cell, forces, virial, tangents[:2]), *moved)


@cache
def handler_refusal() -> str | None:
    """Makes XLA know the handler; None, or why it cannot. Then the core is called through Python, which is told once."""
    try:
        library = _library()
        library.glasswright_connect(ctypes.c_void_p(core().kernel_function))
        jax.ffi.register_ffi_target(TARGET, jax.ffi.pycapsule(getattr(library, TARGET)), platform="cpu")
    except (AttributeError, OSError, subprocess.CalledProcessError) as error:
        said = error.stderr.strip().splitlines() if isinstance(error, subprocess.CalledProcessError) else []
        why = f"The handler between XLA and the compiled core cannot be built: {said[0] if said else error}."
        warnings.warn(f"{why} Python stands in between, which is slower. Install a C++ compiler, or name one in CXX.", RuntimeWarning, stacklevel=3)
        return why
    return None


def _library() -> ctypes.CDLL:
    """The compiled handler: kept from before, or made now and kept where that is possible."""
    source, include = Path(__file__).with_name("handler.cc"), Path(jax.ffi.include_dir())
    headers = b"".join(path.read_bytes() for path in sorted(include.glob("xla/ffi/api/*.h")))
    folder = Path(os.environ.get(CACHE) or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glasswright")
    kept = folder / f"jax-handler-{platform.machine()}-{hashlib.sha256(source.read_bytes() + headers).hexdigest()[:16]}.so"
    if kept.exists():
        return ctypes.CDLL(str(kept))
    compiler = os.environ.get("CXX") or next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
    if compiler is None:
        raise FileNotFoundError("there is no C++ compiler")
    with tempfile.TemporaryDirectory() as work:
        made = Path(work, "handler.so")
        command = [*shlex.split(compiler), "-std=c++17", "-O2", "-fPIC", "-shared", "-isystem", str(include), str(source), "-o", str(made)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        library = ctypes.CDLL(str(made))
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            copy = kept.with_suffix(f".{os.getpid()}")
            shutil.copyfile(made, copy)
            copy.replace(kept)
    return library
