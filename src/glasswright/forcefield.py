"""ForceField: what the atoms feel, as data. Evaluation lives in ``forms`` and in the engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

MANY_BODY = ("stillinger-weber", "tersoff", "second-moment")
"""Pair forms that are one part of a potential that goes beyond pairs."""
CoulombMethod = Literal["ewald", "dsf", "wolf", "shik-wolf", "none"]
Pair = tuple[str, str]
Triplet = tuple[str, str, str]


def pair_key(a: str, b: str) -> Pair:
    """The two species in alphabetical order, the key of every pair table."""
    return (a, b) if a <= b else (b, a)


def triplet_key(end: str, centre: str, other_end: str) -> Triplet:
    """End, centre, end with the ends in alphabetical order: the key of every table of angles, as in ``analysis.bond_angles``."""
    return (end, centre, other_end) if end <= other_end else (other_end, centre, end)


def species_labels(atoms: Atoms) -> NDArray[np.str_]:
    """Species of each atom ``(n_atoms,)``: ``atoms.arrays["species"]`` where present, else the chemical symbols."""
    return np.asarray(atoms.arrays.get("species", atoms.get_chemical_symbols()), dtype=str)


@dataclass(frozen=True)
class Source:
    """Where numbers come from."""

    text: str
    doi: str = ""


_COULOMB: Mapping[str, tuple[str, Source]] = MappingProxyType(
    {
        "ewald": ("Ewald", Source("P. P. Ewald, Ann. Phys. 369, 253 (1921)", "10.1002/andp.19213690304")),
        "dsf": ("damped shifted force", Source("C. J. Fennell and J. D. Gezelter, J. Chem. Phys. 124, 234104 (2006)", "10.1063/1.2206581")),
        "wolf": (
            "damped shifted (Wolf)",
            Source("D. Wolf, P. Keblinski, S. R. Phillpot and J. Eggebrecht, J. Chem. Phys. 110, 8254 (1999)", "10.1063/1.478738"),
        ),
    }
)
"""The methods a force field can be given in place of its own: what they are called and what to cite."""


@dataclass(frozen=True)
class Coulomb:
    """How the charges interact; part of a force field's identity."""

    method: CoulombMethod
    """``ewald``: exact lattice sum. ``dsf``: damped shifted force (doi 10.1063/1.2206581). ``wolf``: damped shifted
    (doi 10.1063/1.478738). ``shik-wolf``: undamped shifted force times the smoothing of SHIK (doi 10.1063/1.5023707)."""
    cutoff: float
    """Real-space cutoff [Å]. With ``ewald`` a matter of speed alone; otherwise part of the model."""
    alpha: float = 0.0
    """Damping of dsf and wolf [1/Å]; not used otherwise."""
    smoothing: float = 0.0
    """Width γ of SHIK's G(r) = exp(-γ²/(r-rc)²) [Å]."""
    as_published: bool = True
    """False where the user asked for another method than the authors'."""


@dataclass(frozen=True)
class ParameterRule:
    """Parameters of a pair that follow from the composition."""

    name: str
    """Name in ``forms.rules.RULES``."""
    resolve: Callable[[Mapping[str, float], Mapping[str, int]], Mapping[str, float]]
    """Parameters as written and number of atoms of each species → parameters as used."""


@dataclass(frozen=True)
class PairTerm:
    """A short-range pair interaction of two species."""

    species: Pair
    form: str
    """Name in ``forms.PAIR_FORMS``: ``buckingham``, ``born``, ``morse12``, ``buckingham24``..."""
    parameters: Mapping[str, float]
    """Names and units are those of the form (eV and Å)."""
    cutoff: float
    """[Å]"""
    status: str = ""
    """Verification of the numbers: V2 (two independent sources), V1 (one), VC (one, plus a consistency check), user."""
    core: Mapping[str, float | str] = field(default_factory=dict)
    """Repulsive core added to or spliced into the form: ``{"kind": "splice"}`` or ``{"kind": "30-6", "epsilon": ...}``."""
    shifted: bool = False
    """Energy shifted to zero at the cutoff."""
    smoothing: float = 0.0
    """Width γ of SHIK's G(r) applied after the shift [Å]; 0 for none."""
    rule: ParameterRule | None = None
    """Replaces parameters by those of the composition when the force field is bound to atoms."""


@dataclass(frozen=True)
class TripletTerm:
    """A three-body interaction: the angle of two bonds at the species in the middle."""

    species: Triplet
    """End, centre, end."""
    form: str
    """Name in ``forms.TRIPLET_FORMS``: ``stillinger-weber``. How it depends on the lengths of its bonds is said by their pair terms."""
    parameters: Mapping[str, float]
    status: str = ""
    """As in ``PairTerm``."""


@dataclass(frozen=True)
class BondOrderTerm:
    """How the other neighbours of an atom weaken its bonds (Tersoff)."""

    species: tuple[str, ...]
    """The atom in the middle alone, for all of its bonds; or bonded, centre, third: the bond of the first two in sight of the third."""
    form: str
    """Name in ``forms.BOND_ORDER_FORMS``: ``tersoff``."""
    parameters: Mapping[str, float]
    status: str = ""
    """As in ``PairTerm``."""


@dataclass(frozen=True)
class EmbeddedTerm:
    """The embedded-atom method in tables: the energy of an atom in the density that its neighbours make, and of pairs."""

    text: str = field(repr=False)
    """What a setfl file holds: ``eam/alloy`` or ``eam/fs`` of LAMMPS."""
    cutoff: float
    """[Å]"""
    status: str = ""
    """As in ``PairTerm``."""


@dataclass(frozen=True)
class Species:
    """A kind of atom as the force field sees it."""

    name: str
    element: str
    charge: float | None
    """[e]; None: follows from neutrality of the whole system (SHIK's oxygen)."""
    status: str = ""


@dataclass(frozen=True)
class MeltQuenchDefaults:
    """What a melt-quench with this force field should do unless told otherwise."""

    melt_temperature: float
    """[K]"""
    melt_pressure: float = 0.0
    """Barostat target during the melt [GPa], ramped to zero along the quench."""
    timestep: float = 1.0
    """[fs]"""
    reason: str = ""


@dataclass(frozen=True)
class Validity:
    """Where the authors stand behind the force field."""

    elements: frozenset[str]
    """Elements for which there are parameters."""
    composition: str = ""
    """Range of compositions, in words."""
    formers: frozenset[str] = frozenset()
    """Network formers in the fitted range."""
    oxides: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Least and largest mole fraction of an oxide, where the range is known in numbers."""
    temperature: tuple[float, float] | None = None
    """[K]"""
    rank: int = 0
    """Preference among force fields that cover a composition; the highest is taken when none is named."""


@dataclass(frozen=True)
class ForceField:
    """Species, pair terms and electrostatics with their sources."""

    name: str
    """Identity through run, report and citations: ``teter``, or ``bks/dsf`` where the Coulomb method is not the authors'."""
    title: str
    species: tuple[Species, ...]
    pairs: Mapping[Pair, PairTerm]
    """Keys alphabetical (``pair_key``). A pair of species without an entry has no short-range term."""
    coulomb: Coulomb
    validity: Validity
    melt_quench: MeltQuenchDefaults
    sources: tuple[Source, ...] = ()
    our_choices: tuple[str, ...] = ()
    """What the source does not state, what was taken instead, and why: one sentence each."""
    notes: tuple[str, ...] = ()
    required_pairs: frozenset[Pair] = frozenset()
    """Pairs that must have a term when both species are present (a cation-oxygen pair, mostly)."""
    triplets: Mapping[Triplet, TripletTerm] = field(default_factory=dict)
    """Keys end, centre, end (``triplet_key``); empty for pair force fields. Where there are any, every pair and every triplet has a term."""
    bond_orders: Mapping[tuple[str, ...], BondOrderTerm] = field(default_factory=dict)
    """Keys are the species of the terms. Where there are any, every pair has a term of the same form."""
    embedded: EmbeddedTerm | None = None
    """Where there is one, it is the whole force field: there are no pairs."""

    @property
    def many_body(self) -> str:
        """What goes beyond pairs and charges: ``stillinger-weber``, ``tersoff``, ``second-moment``, ``embedded-atom``, or nothing."""
        if self.embedded is not None:
            return "embedded-atom"
        return next((term.form for term in self.pairs.values() if term.form in MANY_BODY), "")

    def with_coulomb(self, method: CoulombMethod, alpha: float = 0.25, cutoff: float = 8.0) -> ForceField:
        """The same short-range terms with another Coulomb method: a model of its own, with name, title and sources of its own.

        Sentences about the Coulomb interaction it had (those that name Ewald or Coulomb) are replaced by one about the new.

        Raises
        ------
        InputError
            If the method is unknown, the Coulomb method is not the authors' already, or there are no charges.
        """
        if method == self.coulomb.method:
            return self
        if method not in _COULOMB:
            raise InputError(f"Coulomb method {method!r} is unknown.", mend="Use ewald, dsf or wolf.")
        if self.many_body:
            raise InputError(f"Force field {self.name!r} has no charges.", mend="Leave the Coulomb method out.")
        if not self.coulomb.as_published:
            published = self.name.partition("/")[0]
            raise InputError(f"The Coulomb method of {self.name!r} is not the authors' already.", mend=f"Start from {published!r}.")
        damping = 0.0 if method == "ewald" else alpha
        radius = max(cutoff, max((t.cutoff for t in self.pairs.values()), default=0.0)) if method == "ewald" else cutoff
        coulomb = Coulomb(method, radius, damping, as_published=False)
        word, source = _COULOMB[method]
        size = f"real-space cutoff {radius:g} Å" if method == "ewald" else f"cutoff {radius:g} Å and damping {damping:g} 1/Å"
        choice = f"{word[0].upper()}{word[1:]} Coulomb with {size} was asked for in place of the published method; the short-range terms keep their cutoffs."
        return replace(
            self,
            name=f"{self.name}/{method}",
            title=f"{self.title}, with {word} Coulomb (not the authors')",
            coulomb=coulomb,
            sources=(*self.sources, source),
            our_choices=(*_without_coulomb(self.our_choices), choice),
            notes=(*_without_coulomb(self.notes), *(() if method == "ewald" else (_DAMPED,))),
        )

    def bind(self, atoms: Atoms) -> BoundForceField:
        """Resolve species, masses and charges for these atoms.

        Species come from ``atoms.arrays["species"]`` where present, else from the chemical symbols.

        Raises
        ------
        InputError
            If a species or a required pair is missing, or the charges do not balance.
        """
        from ase.data import atomic_masses, atomic_numbers

        labels = species_labels(atoms)
        known = {s.name: s for s in self.species}
        missing = sorted(set(labels) - set(known))
        if missing:
            raise self._unknown(missing)
        names = tuple(sorted(set(labels)))
        types = np.searchsorted(np.array(names), labels)
        counts = np.bincount(types, minlength=len(names))
        charges = _charges(self, [known[n] for n in names], counts)
        for pair in self.required_pairs:
            if set(pair) <= set(names) and pair not in self.pairs:
                raise InputError(f"Force field {self.name!r} has no {pair[0]}-{pair[1]} term.", mend="Add it to the file.")
        masses = np.array([atomic_masses[atomic_numbers[known[n].element]] for n in names])
        present = {n: int(c) for n, c in zip(names, counts, strict=True)}
        pairs = {p: _resolved(t, present) for p, t in self.pairs.items() if set(p) <= set(names)}
        triplets = {key: t for key, t in self.triplets.items() if set(key) <= set(names)}
        bond_orders = {key: t for key, t in self.bond_orders.items() if set(key) <= set(names)}
        return BoundForceField(self, names, types, masses, charges, pairs, triplets, bond_orders)

    def _unknown(self, missing: list[str]) -> InputError:
        finer = {m: [s.name for s in self.species if s.element == m] for m in missing}
        for element, choices in finer.items():
            if choices:
                return InputError(
                    f"Force field {self.name!r} has no {element} but {' and '.join(choices)}.",
                    "They differ in charge, so one has to be chosen for each atom.",
                    f"Label the atoms in atoms.arrays['species'] with {' or '.join(choices)} (and every other atom with its symbol).",
                )
        return InputError(
            f"Force field {self.name!r} has no parameters for {', '.join(missing)}.",
            f"It knows {', '.join(s.name for s in self.species)}.",
            "Choose another with `glasswright forcefields list`.",
        )


_DAMPED = (
    "On a silica melt forces with a damped Coulomb interaction differ from those with Ewald by 13 to 19 % rms, energies by 5 to 67 meV/atom and the "
    "pressure by 0.1 to 1.9 kbar: a model of its own."
)


def _without_coulomb(sentences: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(s for s in sentences if "Ewald" not in s and "Coulomb" not in s)


def _resolved(term: PairTerm, counts: Mapping[str, int]) -> PairTerm:
    return term if term.rule is None else replace(term, parameters=MappingProxyType(dict(term.rule.resolve(term.parameters, counts))))


def _charges(ff: ForceField, species: list[Species], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    free = [i for i, s in enumerate(species) if s.charge is None]
    charges = np.array([0.0 if s.charge is None else s.charge for s in species])
    total = float(counts @ charges)
    if len(free) == 1:
        charges[free[0]] = -total / counts[free[0]]
        return charges
    if ff.coulomb.method != "none" and abs(total) > 1e-6 * max(1, counts.sum()):
        balance = ", ".join(f"{n} {s.name} of {q:+g} e" for n, s, q in zip(counts, species, charges, strict=True))
        raise InputError(
            f"The charges do not balance: {balance} make {total:+.4g} e.",
            f"With the charges of {ff.name!r} the atoms must be a neutral mixture.",
            "Change the atom counts, or let glasswright.pack choose them.",
        )
    return charges


@dataclass(frozen=True, eq=False)
class BoundForceField:
    """A force field resolved for given atoms: what engines receive."""

    forcefield: ForceField
    species: tuple[str, ...]
    """Names present, sorted; the type index of every array."""
    types: NDArray[np.int64]
    """Index into ``species`` of each atom ``(n_atoms,)``."""
    masses: NDArray[np.float64]
    """``(n_species,)`` [u]"""
    charges: NDArray[np.float64]
    """``(n_species,)`` [e]"""
    pairs: Mapping[Pair, PairTerm]
    """Terms among the species present, composition rules resolved."""
    triplets: Mapping[Triplet, TripletTerm] = field(default_factory=dict)
    """Three-body terms among the species present; where there are any, ``pairs`` holds the two-body part of the same potential."""
    bond_orders: Mapping[tuple[str, ...], BondOrderTerm] = field(default_factory=dict)
    """Bond-order terms among the species present."""
    start: BoundForceField | None = None
    """With the numbers that radii are computed from, where those here may be traced by JAX (``forms.parameters.with_parameters``)."""

    @property
    def coulomb(self) -> Coulomb:
        return self.forcefield.coulomb

    @property
    def cutoff(self) -> float:
        """The longest real-space cutoff among the species present [Å]."""
        reach = [t.cutoff for t in self.pairs.values()]
        if self.forcefield.embedded is not None:
            reach.append(self.forcefield.embedded.cutoff)
        if self.coulomb.method != "none":
            reach.append(self.coulomb.cutoff)
        return max(reach)

    def pair_term(self, a: str, b: str) -> PairTerm | None:
        """The short-range term of two species, or None where there is none."""
        return self.pairs.get(pair_key(a, b))

    def bond_order(self, bonded: str, centre: str, third: str) -> BondOrderTerm:
        """How the third species weakens the bond of the first two: a row of its own, else that of the centre."""
        return self.bond_orders.get((bonded, centre, third)) or self.bond_orders[(centre,)]

    def charge(self, name: str) -> float:
        """Charge of a species [e]."""
        charge = self.charges[self.species.index(name)]
        return float(charge) if isinstance(charge, np.floating) else charge
