"""Composition: what a glass is made of, in oxides or in elements."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .oxides import CONDITIONAL_FORMERS, MODIFIERS, NETWORK_FORMERS, OXIDATION_STATES, atoms_of, read_simple
from .reading import WHOLE, Basis, read, read_counts

__all__ = ["CONDITIONAL_FORMERS", "MODIFIERS", "NETWORK_FORMERS", "OXIDATION_STATES", "AtomCounts", "Basis", "Composition"]

_GOOD_ENOUGH = 1e-4  # Nobody knows a real glass to better than 0.01 mol%; below that the asked number of atoms decides.


@dataclass(frozen=True)
class AtomCounts:
    """Whole numbers of atoms that realise a composition."""

    counts: Mapping[str, int]
    """Element → number of atoms."""
    deviation: float
    """Largest difference between realised and asked fraction of an oxide (or element)."""
    sentence: str
    """Numbers of formula units and the deviation, in words."""
    species: Mapping[str, int]
    """As ``counts``, but with labels such as ``Fe2`` and ``Fe3`` where species are finer than elements."""

    @property
    def n_atoms(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, init=False, repr=False)
class Composition:
    """A charge-neutral mixture of oxides, or a mixture of elements without oxygen.

    Parameters
    ----------
    spec
        Text such as ``"30Na2O-70SiO2"``, ``"Na2O 30 SiO2 70 wt%"``, ``"Na2Si3O7"``, ``"Ge20Se80"``, or a mapping
        ``{"Na2O": 30, "SiO2": 70}``. Numbers are percentages, fractions or a plain ratio (``"1Na2O-2SiO2"``); what
        comes within a fifth of 100 or of 1 and yet does not add up (more than 1 % off) is refused as ambiguous,
        and so is anything written with a basis or a ``%`` sign that adds to neither 100 nor 1.
    basis
        ``"mol%"`` (default for oxides), ``"wt%"`` or ``"at%"`` (the same as mol% for elements).

    Raises
    ------
    InputError
        For text that is not understood, oxides that are not charge-neutral, and mixtures of oxides without a network former.
    """

    parts: tuple[tuple[str, int], ...]
    """Component (simple oxide or element) and its mole fraction in units of 1e-8, in canonical order."""

    def __init__(self, spec: str | Mapping[str, float] | Composition, basis: str | None = None) -> None:
        object.__setattr__(self, "parts", spec.parts if isinstance(spec, Composition) else read(spec, basis))

    @classmethod
    def from_counts(cls, counts: Mapping[str, int]) -> Composition:
        """Composition of a box with these numbers of atoms by element; with oxygen it must be neutral.

        Raises
        ------
        InputError
            If it is not, or there are no atoms.
        """
        composition = cls.__new__(cls)
        object.__setattr__(composition, "parts", read_counts(counts))
        return composition

    def __repr__(self) -> str:
        return f"Composition({self.formula!r})"

    def __str__(self) -> str:
        return self.formula

    @property
    def is_oxide(self) -> bool:
        return "O" in atoms_of(self.parts[0][0])

    @property
    def components(self) -> Mapping[str, float]:
        """Oxide or element → mole fraction; the sum is 1."""
        return MappingProxyType({name: part / WHOLE for name, part in self.parts})

    @property
    def oxides(self) -> Mapping[str, float]:
        """Simple oxide → mole fraction; empty for a glass of elements."""
        return self.components if self.is_oxide else MappingProxyType({})

    @property
    def atom_fractions(self) -> Mapping[str, float]:
        """Element → fraction of the atoms; the sum is 1."""
        amounts: dict[str, float] = {}
        for name, part in self.parts:
            for element, n in atoms_of(name).items():
                amounts[element] = amounts.get(element, 0.0) + n * part
        total = sum(amounts.values())
        return MappingProxyType({element: n / total for element, n in sorted(amounts.items())})

    @property
    def formula(self) -> str:
        """Canonical text: mole percent of the oxides, or atom percent of the elements; ``Composition(formula)`` gives the same composition."""
        if len(self.parts) == 1:
            return self.parts[0][0]
        numbers = [(name, f"{part / 1e6:.6f}".rstrip("0").rstrip(".")) for name, part in self.parts]
        return "-".join(n + name for name, n in numbers) if self.is_oxide else "".join(name + n for name, n in numbers)

    @property
    def formers(self) -> frozenset[str]:
        """Network formers present; conditional ones (Al, Ga, Ti, ...) only where there is no other. Empty for a glass of elements."""
        elements = set(self.atom_fractions) if self.is_oxide else set()
        return frozenset(elements & NETWORK_FORMERS or elements & CONDITIONAL_FORMERS)

    @property
    def nbo_per_oxygen(self) -> float | None:
        """Fraction of oxygens bonded to one network former only, from stoichiometry.

        Counting bonds, 2 n(BO) + n(NBO) = 4 n(T) and n(BO) + n(NBO) = n(O) give n(NBO) = 2 n(O) - 4 n(T) for tetrahedra
        T of Si, Ge, P and charge-compensated Al: 2x/(2-x) in xNa2O-(1-x)SiO2. The doubly bonded oxygen of P counts as
        non-bridging. None where coordination does not follow from stoichiometry: peraluminous and over-modified glasses,
        borates and germanates with modifiers, and oxides that are neither former nor modifier.
        """
        network = self._network()
        return None if network is None else network[0] / network[1]

    @property
    def mean_qn(self) -> float | None:
        """Mean number of bridging oxygens per network former, from stoichiometry; None as for ``nbo_per_oxygen``."""
        network = self._network()
        return None if network is None else max(network[3] - network[0] / network[2], 0.0)  # rounded percentages

    def _network(self) -> tuple[float, float, float, float] | None:
        """Non-bridging oxygens, oxygens, network formers (per atom) and the formers' mean coordination."""
        x = self.atom_fractions
        if not self.is_oxide or not set(x) <= MODIFIERS | {"O", "Si", "Ge", "P", "Al", "B"}:
            return None
        charge = sum(OXIDATION_STATES[e][0] * x[e] for e in MODIFIERS & set(x))
        if (charge > 0 and ("B" in x or "Ge" in x)) or x.get("Al", 0.0) > charge + 1e-7:
            return None
        formers = sum(x.get(e, 0.0) for e in ("Si", "Ge", "P", "Al", "B"))
        bonds = sum(n * x.get(e, 0.0) for e, n in (("Si", 4), ("Ge", 4), ("P", 4), ("Al", 4), ("B", 3)))
        nbo = 2 * x["O"] - bonds
        if formers == 0 or nbo < -1e-7 or nbo > x["O"] + 1e-7:
            return None
        return min(max(nbo, 0.0), x["O"]), x["O"], formers, bonds / formers

    def counts(self, n_atoms: int) -> AtomCounts:
        """Whole, charge-neutral numbers of atoms for a box of about ``n_atoms`` atoms.

        Among the totals within 0.5 % of ``n_atoms`` (or one formula unit, in small boxes) the one closest to ``n_atoms`` that
        meets the asked composition to 0.01 mol% is taken; where none does, the one closest to the composition. Formula
        units are neutral, so every result is.

        Raises
        ------
        InputError
            If the box is too small to hold one unit of every component.
        """
        if isinstance(n_atoms, bool) or not isinstance(n_atoms, int | np.integer) or not 1 <= n_atoms <= 10**9:
            raise InputError(f"The number of atoms must be a whole number from 1 to 10⁹, not {n_atoms!r}.", mend="Try 3000.")
        sizes = np.array([sum(atoms_of(name).values()) for name, _ in self.parts])
        asked = np.array([part / WHOLE for _, part in self.parts])
        units = _whole_units(asked, sizes, int(n_atoms))
        if units is None:
            scarce = self.parts[int(asked.argmin())][0]
            needed = math.ceil(float(sizes @ asked) / asked.min() + sizes.max())
            raise InputError(
                f"{n_atoms} atoms are too few for {self.formula}.",
                f"Not even one unit of {scarce} ({100 * asked.min():.3g} mol%) would be present.",
                f"Ask for {needed} atoms or more.",
            )
        return self._counted(units, asked)

    def _counted(self, units: list[int], asked: NDArray[np.float64]) -> AtomCounts:
        counts: dict[str, int] = {}
        species: dict[str, int] = {}
        labels = _labels([name for name, _ in self.parts])
        for (name, _), n_units in zip(self.parts, units, strict=True):
            for element, n in atoms_of(name).items():
                counts[element] = counts.get(element, 0) + n * n_units
                label = labels.get((name, element), element)
                species[label] = species.get(label, 0) + n * n_units
        realised = np.array(units) / sum(units)
        worst = int(np.abs(realised - asked).argmax())
        deviation = float(abs(realised[worst] - asked[worst]))
        atoms = sum(counts.values())
        content = " + ".join(f"{n} {name}" for (name, _), n in zip(self.parts, units, strict=True))
        sentence = f"{atoms} atoms: {content}, "
        if deviation < 1e-7:
            sentence += "exactly as asked."
        else:
            kind = "mol%" if self.is_oxide else "at%"
            got, wanted = 100 * realised[worst], 100 * asked[worst]
            sentence += f"at most {abs(got - wanted):.2g} {kind} off ({self.parts[worst][0]} {got:.5g} instead of {wanted:.5g} {kind})."
        return AtomCounts(MappingProxyType(dict(sorted(counts.items()))), deviation, sentence, MappingProxyType(dict(sorted(species.items()))))


def _labels(names: list[str]) -> dict[tuple[str, str], str]:
    """Species labels of cations whose valence matters: iron always, others where two valences are present."""
    valences: dict[str, set[int]] = {}
    states: dict[tuple[str, str], int] = {}
    for name in names:
        if "O" in atoms_of(name):
            element, states[name, element], _, _ = read_simple(name)
            valences.setdefault(element, set()).add(states[name, element])
    return {key: f"{key[1]}{state}" for key, state in states.items() if key[1] == "Fe" or len(valences[key[1]]) > 1}


def _whole_units(asked: NDArray[np.float64], sizes: NDArray[np.float64], n_atoms: int) -> list[int] | None:
    """Formula units nearest the asked fractions with about ``n_atoms`` atoms in all, each at least once."""
    window = max(0.005 * n_atoms, float(sizes.max()))
    mean = float(sizes @ asked)
    first, last = max(1, math.floor((n_atoms - window) / mean)), math.ceil((n_atoms + window) / mean)
    best: tuple[float, int, int] | None = None
    chosen: list[int] | None = None
    # A thousand totals offer every deviation worth having; more would only cost time in a huge box.
    for total in range(first, last + 1, max(1, (last - first) // 1000)):
        units = _rounded(asked, total)
        atoms = int(units @ sizes)
        if units.min() < 1 or abs(atoms - n_atoms) > window:
            continue
        deviation = float(np.abs(units / total - asked).max())
        merit = (max(_GOOD_ENOUGH, deviation), abs(atoms - n_atoms), atoms)
        if best is None or merit < best:
            best, chosen = merit, [int(n) for n in units]
    return chosen


def _rounded(fractions: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Whole numbers with the given sum, by largest remainder."""
    exact = fractions * total
    whole = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: max(0, total - int(whole.sum()))]] += 1
    return whole
