"""Monte Carlo of atoms in a periodic cell, judged by data, energy and constraints, from the compiled core."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .builds import core
from .condensation import condensed, factored
from .trials import Counts, Moves, Trials

__all__ = ["CompressedMisfit", "Counts", "EnergyTables", "Misfit", "MonteCarlo", "Moves", "Trials"]

Array = NDArray[np.float64]


class Misfit(Protocol):
    """R² = Σ_k (Σ_ab weight[a, b, k] h_ab[k] - target[k])² + floor, the sum over pairs of types a <= b: a curve on the bins themselves."""

    @property
    def weight(self) -> Array:
        """Symmetric in the types ``(n_types, n_types, n_bins)``."""

    @property
    def target(self) -> Array:
        """``(n_bins,)``"""

    @property
    def floor(self) -> float:
        """What no trial changes."""


@runtime_checkable
class CompressedMisfit(Protocol):
    """R² = |Σ_ab,k rows[a, b, k] h_ab[k] + offset|² + floor, the sum over pairs of types a <= b."""

    @property
    def rows(self) -> NDArray[np.float32]:
        """Symmetric in the types ``(n_types, n_types, n_bins, rank)``."""

    @property
    def offset(self) -> Array:
        """``(rank,)``"""

    @property
    def floor(self) -> float:
        """What no trial changes."""


class EnergyTables(Protocol):
    """Pair energies as ``engines.native.tables.PairTables`` has them."""

    @property
    def cutoff(self) -> Array: ...

    @property
    def scale(self) -> Array: ...

    @property
    def self_energy(self) -> Array: ...

    @property
    def force(self) -> Array: ...

    @property
    def energy(self) -> Array: ...

    @property
    def per_octave(self) -> int: ...


@dataclass(frozen=True, eq=False)
class _Given:
    """What a Monte Carlo was made of, positions excepted."""

    cell: Array
    types: NDArray[np.int64]
    n_types: int
    r_max: float
    n_bins: int
    distances: Array
    seed: int


class MonteCarlo:
    """Metropolis Monte Carlo: a trial is accepted with probability min(1, exp(-w_E ΔU/kT - N Σ_k w_k ΔR_k²/T_chi - ΔP)).

    U is the energy, R_k² the misfit to data set k, P the sum of penalties; T_chi is per atom, hence the number of atoms N. A trial costs
    what lies near the atoms that move, however large the cell. Data, energies and constraints are set after the start, in any order.

    Parameters
    ----------
    positions
        ``(n_atoms, 3)`` [Å], wrapped or not.
    cell
        Rows are cell vectors ``(3, 3)`` [Å], of any shape and orientation.
    types
        Integers from 0 to ``n_types - 1`` ``(n_atoms,)``.
    r_max
        Where the histogram of pair distances ends [Å]; at most half the narrowest width of the cell.
    n_bins
        Equal bins between 0 and ``r_max``.
    minimum_distances
        ``(n_types, n_types)`` [Å]: no trial brings atoms closer. None: they may overlap.
    seed
        0 to 2^64 - 1; the same seed gives the same moves on the same machine.
    column_width
        Width of the columns in which atoms are kept [Å]; None: chosen for speed. Does not change distances.

    Raises
    ------
    InputError
        If an argument is out of range.
    """

    def __init__(  # noqa: PLR0913 (a public call)
        self,
        positions: ArrayLike,
        cell: ArrayLike,
        types: ArrayLike,
        n_types: int,
        *,
        r_max: float,
        n_bins: int,
        minimum_distances: ArrayLike | None = None,
        seed: int = 0,
        column_width: float | None = None,
    ) -> None:
        try:
            distances = np.zeros((n_types, n_types)) if minimum_distances is None else _doubles(minimum_distances)
            self._given = _Given(_doubles(cell), _integers(types), n_types, float(r_max), n_bins, distances, seed)
            lower, self._turn = _lower_triangular(self._given.cell)
            self._kernel = core().MonteCarlo(self._turned(positions), lower, self._given.types, n_types, float(r_max), n_bins, distances, seed, column_width)
        except (ValueError, TypeError, MemoryError) as error:
            raise _refused(error, "a Monte Carlo cannot start") from None
        self._n_data = 0

    def __len__(self) -> int:
        return len(self._given.types)

    def _turned(self, positions: ArrayLike) -> Array:
        with np.errstate(all="ignore"):  # the core refuses what is not finite
            return np.ascontiguousarray(_doubles(positions) @ self._turn)

    @property
    def positions(self) -> Array:
        """Within the cell ``(n_atoms, 3)`` [Å]. Setting them counts everything anew."""
        return np.asarray(self._kernel.fractions() @ self._given.cell)

    @positions.setter
    def positions(self, positions: ArrayLike) -> None:
        try:
            self._kernel.set_positions(self._turned(positions))
        except (ValueError, TypeError) as error:
            raise _refused(error, "atoms cannot be placed there") from None

    @property
    def histogram(self) -> NDArray[np.int64]:
        """Unordered pairs ``(n_types, n_types, n_bins)``: ``[a, b]`` for a <= b, else 0."""
        return np.asarray(self._kernel.histogram())

    @property
    def residuals(self) -> Array:
        """R² of every set of data ``(n_sets,)``."""
        return np.asarray(self._kernel.residuals())

    @property
    def energy(self) -> float:
        """Of the pair tables and all energies added [eV]."""
        return float(self._kernel.energy())

    @property
    def penalty(self) -> float:
        """Sum of the penalties added."""
        return float(self._kernel.penalty())

    def histogram_full(self) -> NDArray[np.int64]:
        """``histogram``, counted from the positions alone."""
        return np.asarray(self._kernel.histogram_full())

    def energy_full(self) -> float:
        """``energy``, summed from the positions alone [eV]."""
        return float(self._kernel.energy_full())

    def set_data(self, terms: Iterable[Misfit | CompressedMisfit]) -> None:
        """Judge trials by these sets of data from now on, in place of those before."""
        terms = tuple(terms)
        self._kernel.clear_data()
        self._n_data = 0
        for term in terms:
            try:
                if isinstance(term, CompressedMisfit):
                    weights, matrices = factored(np.asarray(term.rows, dtype=np.float32))
                    self._kernel.add_residual(weights, *condensed(matrices), _doubles(term.offset), float(term.floor))
                else:
                    self._kernel.add_binwise(_doubles(term.weight), _doubles(term.target), float(term.floor))
            except (ValueError, TypeError, MemoryError) as error:
                raise _refused(error, "a set of data does not fit") from None
            self._n_data += 1

    def set_pairs(self, tables: EnergyTables | None) -> None:
        """Judge trials by these pair energies from now on; None: by none."""
        try:
            self._kernel.set_pairs(_table(tables))
        except (ValueError, TypeError, MemoryError) as error:
            raise _refused(error, "the pair energies do not fit") from None

    def set_bias(self, tables: EnergyTables | None) -> None:
        """Let biased steps follow the forces of these pair functions: energies over kT, or N w_k/T_chi times what a pair adds to R_k².

        They steer alone: what is sampled does not depend on them (smart Monte Carlo, doi 10.1063/1.436415). A short cutoff makes them fast.
        """
        try:
            self._kernel.set_bias(_table(tables))
        except (ValueError, TypeError, MemoryError) as error:
            raise _refused(error, "the pair functions to step along do not fit") from None

    def add(self, cost: Any) -> None:
        """Judge trials by one more energy or penalty: a ``Cost`` of the compiled core, which serves this Monte Carlo alone."""
        try:
            self._kernel.add(cost)
        except (ValueError, TypeError, MemoryError) as error:
            raise _refused(error, "an energy or constraint does not fit") from None

    def set_groups(self, groups: Iterable[Sequence[int] | NDArray[Any]]) -> None:
        """Atoms that cluster moves shift and turn together: indices, each group on its own."""
        try:
            self._kernel.set_groups([[int(i) for i in group] for group in groups])
        except (ValueError, TypeError) as error:
            raise _refused(error, "the groups do not fit") from None

    def run(
        self,
        n_trials: int,
        *,
        temperature: float = np.inf,
        energy_weight: float = 1.0,
        data_weights: Sequence[float] | None = None,
        chi_temperature: float = np.inf,
        moves: Moves | None = None,
    ) -> Counts:
        """Try so many moves. Ctrl-C ends it between two of them; other threads go on meanwhile.

        Parameters
        ----------
        temperature
            kT [eV]. Infinite: energies do not count; 0: no trial may raise the energy.
        energy_weight
            w_E.
        data_weights
            w_k of every set of data; None: 1 each.
        chi_temperature
            T_chi, per atom. Infinite: data do not count; 0: no trial may raise Σ_k w_k R_k².
        moves
            None: displacements by the step of ``Moves()``.
        """
        moves = moves or Moves()
        n_types = self._given.n_types
        step = list(map(float, moves.step)) if isinstance(moves.step, tuple) else [float(moves.step)] * n_types
        weights = [1.0] * self._n_data if data_weights is None else [float(w) for w in data_weights]
        try:
            counts = self._kernel.run(
                n_trials,
                temperature=float(temperature),
                energy_weight=float(energy_weight),
                data_weights=weights,
                chi_temperature=float(chi_temperature),
                step=step,
                swaps=float(moves.swaps),
                clusters=float(moves.clusters),
                biased=float(moves.biased),
                biased_step=float(moves.biased_step),
                between=[(int(a), int(b)) for a, b in moves.swapped],
                cluster_step=float(moves.cluster_step) if moves.clusters else 0.0,
                cluster_angle=float(np.radians(moves.cluster_angle)),
            )
        except (ValueError, TypeError, MemoryError) as error:
            raise _refused(error, "these trials are not possible") from None
        displacements, swaps, clusters, biased = (Trials(*map(int, row)) for row in counts["by_kind"])
        changes = tuple(counts["data_change"].tolist())
        return Counts(displacements, swaps, clusters, biased, counts["evaluated"], counts["energy_change"], changes, counts["drift"])

    def state(self) -> bytes:
        """All that a Monte Carlo needs to go on from here bit for bit, once data, energies and constraints are set again."""
        stream = io.BytesIO()
        arrays: dict[str, Any] = vars(self._given) | self._kernel.save()
        np.savez(stream, allow_pickle=False, **arrays)
        return stream.getvalue()

    @classmethod
    def restore(cls, state: bytes) -> MonteCarlo:
        """The Monte Carlo of a state.

        Raises
        ------
        InputError
            If the state is damaged.
        """
        try:
            with np.load(io.BytesIO(state), allow_pickle=False) as saved:
                values = {name: saved[name] for name in saved.files}
            mine = cls(
                np.zeros((len(values["types"]), 3)),
                values["cell"],
                values["types"],
                int(values["n_types"]),
                r_max=float(values["r_max"]),
                n_bins=int(values["n_bins"]),
                minimum_distances=values["distances"],
                seed=int(values["seed"]),
            )
            mine._kernel.load(values["points"], values["order"], int(values["drawn"]))
        except (InputError, ValueError, TypeError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise InputError("The saved state of a Monte Carlo is damaged.", str(error), "Start anew.") from None
        return mine


def _table(tables: EnergyTables | None) -> Any:
    if tables is None:
        return None
    arrays = (tables.cutoff, tables.scale, tables.self_energy, tables.force, tables.energy)
    return core().PairTable(*(_doubles(array) for array in arrays), tables.per_octave)


def _lower_triangular(cell: Array) -> tuple[Array, Array]:
    """A lower-triangular cell and the orthogonal matrix that turns row vectors into it."""
    if cell.shape != (3, 3) or not np.all(np.isfinite(cell)):
        raise ValueError("The cell must be a matrix (3, 3) of finite numbers.")
    if np.all(np.diag(cell) > 0) and not np.any(np.triu(cell, 1)):
        return cell, np.eye(3)
    q, r = np.linalg.qr(cell.T)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return np.tril(cell @ q), q


def _doubles(values: ArrayLike) -> Array:
    return np.ascontiguousarray(values, dtype=np.float64)


def _integers(values: ArrayLike) -> NDArray[np.int64]:
    return np.ascontiguousarray(values, dtype=np.int64)


def _refused(error: Exception, what: str) -> InputError:
    if isinstance(error, MemoryError):
        return InputError(f"With these arguments {what}.", "There is not enough memory.")
    # nanobind lists signatures when an argument does not fit; that is for programmers.
    text = str(error) if isinstance(error, ValueError) else "An argument has the wrong type or shape."
    return InputError(f"With these arguments {what}.", text)
