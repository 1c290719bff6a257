"""Formulas of oxides: which are neutral, and how they split into simple ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from types import MappingProxyType

from ..errors import InputError

OXIDATION_STATES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("H", "Li", "Na", "K", "Rb", "Cs", "Ag"), (1,)),
        **dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Ni"), (2,)),
        **dict.fromkeys(("B", "Al", "Ga", "In", "Sc", "Y", "La", "Pr", "Nd", "Sm", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Bi"), (3,)),
        **dict.fromkeys(("Si", "Ge", "Zr", "Hf", "Th"), (4,)),
        **dict.fromkeys(("P", "Nb", "Ta"), (5,)),
        **dict.fromkeys(("Mo", "W"), (6,)),
        **dict.fromkeys(("As", "Sb"), (3, 5)),
        "Fe": (3, 2),
        "Ti": (4, 3),
        "Pb": (2, 4),
        "Sn": (4, 2),
        "Ce": (4, 3),
        "Eu": (3, 2),
        "Mn": (2, 3, 4),
        "Co": (2, 3),
        "Cu": (2, 1),
        "Cr": (3, 6),
        "Tl": (1, 3),
        "Te": (4, 6),
        "Se": (4,),
        "V": (5, 4, 3),
        "S": (6, 4),
        "U": (6, 4),
    }
)
"""Oxidation states accepted in an oxide, the customary one first."""
NETWORK_FORMERS = frozenset({"Si", "Ge", "B", "P", "As", "Sb", "Te", "V"})
CONDITIONAL_FORMERS = frozenset({"Al", "Ga", "Ti", "Bi", "Nb", "Ta", "Mo", "W"})
"""Oxides of these vitrify only with a partner or under extreme cooling; enough where no proper former is present."""
MODIFIERS = frozenset({"Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba"})

NUMBER = r"\d{1,9}(?:\.\d{0,12})?|\.\d{1,12}"
EXAMPLES = 'Write it like "30Na2O-70SiO2", "Na2O 30 SiO2 70 wt%" or "Ge20Se80".'
_ELEMENT = re.compile(rf"([A-Z][a-z]?)({NUMBER})?", re.ASCII)


def parse_formula(text: str) -> dict[str, Fraction]:
    """Element → number of atoms in a formula such as ``Na2Si3O7``."""
    from ase.data import atomic_numbers

    typed_zero = text.replace("0", "O")
    if typed_zero != text and typed_zero in simple_oxides():
        raise InputError(f"{text} has the digit 0 where the letter O belongs.", mend=f"Did you mean {typed_zero}?")
    atoms: dict[str, Fraction] = {}
    end = 0
    for found in _ELEMENT.finditer(text):
        number = Fraction(found[2]) if found[2] else Fraction(1)
        if found.start() != end or found[1] not in atomic_numbers or found[1] == "X" or not number:
            break
        end = found.end()
        atoms[found[1]] = atoms.get(found[1], Fraction(0)) + number
    if not atoms or end != len(text):
        close = closest(text)
        raise InputError(f"{text!r:.80} is not a chemical formula.", mend=f"Did you mean {close}?" if close else EXAMPLES)
    return atoms


def simple_oxides() -> list[str]:
    """Names of all simple oxides."""
    return [oxide_name(element, state) for element, states in OXIDATION_STATES.items() for state in states]


def closest(text: str) -> str | None:
    """The known oxide or element whose name is most like ``text``, if any is."""
    from difflib import get_close_matches

    names = {name.lower(): name for name in [*simple_oxides(), *OXIDATION_STATES]}
    found = get_close_matches(text[:20].lower().replace("0", "o"), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def oxide_name(element: str, state: int) -> str:
    """Formula of the simple oxide: Na2O, CaO, Al2O3, SiO2, P2O5."""
    if state % 2:
        return f"{element}2O{state if state > 1 else ''}"
    return f"{element}O{state // 2 if state > 2 else ''}"


def atoms_of(component: str) -> dict[str, int]:
    """Atoms in a simple oxide or element (names made here, so always well-formed)."""
    return {element: int(number or 1) for element, number in _ELEMENT.findall(component)}


def read_simple(oxide: str) -> tuple[str, int, int, int]:
    """Cation, its valence, and the numbers of cations and of oxygens in a simple oxide."""
    atoms = atoms_of(oxide)
    (element,) = set(atoms) - {"O"}
    return element, 2 * atoms["O"] // atoms[element], atoms[element], atoms["O"]


def mass(atoms: dict[str, Fraction]) -> Fraction:
    """Mass of a formula unit [u]."""
    from ase.data import atomic_masses, atomic_numbers

    return sum((n * Fraction(float(atomic_masses[atomic_numbers[e]])) for e, n in atoms.items()), Fraction(0))


def split_oxide(name: str, atoms: dict[str, Fraction]) -> dict[str, Fraction]:
    """Write a neutral oxide as a sum of simple oxides; one cation may have mixed valence (Fe3O4)."""
    cations = {element: n for element, n in atoms.items() if element != "O"}
    unknown = [element for element in cations if element not in OXIDATION_STATES]
    if unknown or not cations:
        close = closest(name) if unknown else None
        mend = f"Did you mean {close}?" if close else EXAMPLES
        raise InputError(f"{name} is no oxide of a glass.", f"{', '.join(unknown) or 'O'} has no oxide here.", mend)
    if len(cations) > 8:
        raise InputError(f"{name:.80} has {len(cations)} cations.", mend="Write it as a mixture of simple oxides.")
    for states in product(*(OXIDATION_STATES[element] for element in cations)):
        if sum(n * state for n, state in zip(cations.values(), states, strict=True)) == 2 * atoms["O"]:
            return simple({(e, s): n for (e, n), s in zip(cations.items(), states, strict=True)})
    for element, n in cations.items():
        others = {(e, OXIDATION_STATES[e][0]): m for e, m in cations.items() if e != element}
        valence = (2 * atoms["O"] - sum(state * m for (_, state), m in others.items())) / n
        lower = max((state for state in OXIDATION_STATES[element] if state < valence), default=None)
        upper = min((state for state in OXIDATION_STATES[element] if state > valence), default=None)
        if lower is not None and upper is not None:
            share = (valence - lower) / (upper - lower)
            return simple({**others, (element, lower): n * (1 - share), (element, upper): n * share})
    right = " or ".join(oxide_name(e, s) for e in cations for s in OXIDATION_STATES[e][: 2 if len(cations) == 1 else 1])
    charges = ", ".join(f"{e} is {'/'.join(f'+{s}' for s in OXIDATION_STATES[e])}" for e in cations)
    raise InputError(f"{name} is not charge-neutral.", f"O is -2 and {charges}.", f"Did you mean {right}?" if len(cations) == 1 else f"Write it from {right}.")


def oxides_from_elements(moles: dict[str, Fraction]) -> dict[str, Fraction]:
    """Simple oxides from atom fractions that include oxygen, which must balance to 1 %."""
    cations = {element: n for element, n in moles.items() if element != "O"}
    if len(cations) > 8 or not set(cations) <= set(OXIDATION_STATES):
        strange = sorted(set(cations) - set(OXIDATION_STATES))
        raise InputError(f"{', '.join(strange) or 'So many elements'} cannot be written as oxides.", mend="Write the composition as a mixture of oxides.")
    choices = product(*(OXIDATION_STATES[element] for element in cations))
    charges = [(sum(n * s for n, s in zip(cations.values(), states, strict=True)), states) for states in choices]
    charge, states = min(charges, key=lambda entry: abs(entry[0] - 2 * moles["O"]))
    if abs(charge - 2 * moles["O"]) > charge / 100:
        total = sum(moles.values())
        raise InputError(
            "The elements do not balance.",
            f"The cations need {float(charge / 2 / total):.4f} O per atom and {float(moles['O'] / total):.4f} are given.",
            "Write the composition as a mixture of oxides.",
        )
    return simple({(e, s): n for (e, n), s in zip(cations.items(), states, strict=True)})


def simple(cations: dict[tuple[str, int], Fraction]) -> dict[str, Fraction]:
    """Moles of simple oxides that hold these moles of (cation, valence)."""
    return {oxide_name(element, state): n / (2 if state % 2 else 1) for (element, state), n in cations.items()}
