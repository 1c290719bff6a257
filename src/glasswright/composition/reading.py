"""From what the user wrote to canonical parts of a composition."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from numbers import Real
from typing import Literal, get_args

from ..errors import InputError
from .oxides import (
    CONDITIONAL_FORMERS,
    EXAMPLES,
    NETWORK_FORMERS,
    NUMBER,
    OXIDATION_STATES,
    atoms_of,
    mass,
    oxide_name,
    oxides_from_elements,
    parse_formula,
    read_simple,
    split_oxide,
)

Basis = Literal["mol%", "wt%", "at%"]

WHOLE = 10**8  # Fractions are kept as integer parts of this, so that the canonical formula names them exactly.
_TOO_LONG, _TOO_MANY = 500, 40
_TERM = re.compile(rf"({NUMBER})?\s*(?:\(\s*([A-Za-z][A-Za-z0-9.]*)\s*\)|([A-Za-z][A-Za-z0-9.]*))\s*({NUMBER})?", re.ASCII)
_BASIS = re.compile(r"(mol|mole|wt|weight|mass|at|atom|atomic)\s*\.?\s*%", re.IGNORECASE)
_BASES: Mapping[str, Basis] = {"mol": "mol%", "mole": "mol%", "wt": "wt%", "weight": "wt%", "mass": "wt%", "at": "at%", "atom": "at%", "atomic": "at%"}
_TYPOGRAPHY = str.maketrans("₀₁₂₃₄₅₆₇₈₉–—−‐‑·•⋅", "0123456789-----+++")


def read(spec: object, basis: str | None) -> tuple[tuple[str, int], ...]:
    """Canonical parts of what the user wrote."""
    if basis is not None and basis not in get_args(Basis):
        raise InputError(f"The basis {basis!r} is unknown.", mend='Use "mol%", "wt%" or "at%".')
    if isinstance(spec, str):
        terms, basis, strict = _read_text(spec, basis)
    elif isinstance(spec, Mapping):
        terms, strict = _read_mapping(spec), basis is not None
    else:
        raise InputError(f"A composition is text or a mapping, not {type(spec).__name__}.", mend=EXAMPLES)
    if len({name for name, _ in terms}) < len(terms):
        raise InputError("A component occurs twice.", f"Found {', '.join(name for name, _ in terms)}.", "Give every component once.")
    numbers = [1.0 if number is None else float(number) for _, number in terms]
    unnumbered = all(number is None for _, number in terms)
    _check_sum(numbers, strict, [name for name, _ in terms], unnumbered)
    atoms = {name: parse_formula(name) for name, _ in terms}
    amounts = {name: Fraction(1) if number is None else number for name, number in terms}
    amounts = {name: amount for name, amount in amounts.items() if amount}
    if not amounts:
        raise InputError("Every amount is zero.", mend=EXAMPLES)
    parts = canonical(_resolve({name: atoms[name] for name in amounts}, amounts, basis))
    if unnumbered and len(terms) > 1:
        names = [name for name, _ in terms]
        raise InputError(
            f"{'-'.join(names)} names a system, not a composition.",
            "No component has an amount.",
            f'Write the amounts, for instance "{"-".join(f"{100 // len(names)}{name}" for name in names)}".',
        )
    return parts


def _read_text(text: str, basis: str | None) -> tuple[list[tuple[str, Fraction | None]], str | None, bool]:
    """Components with their numbers, the basis, and whether the numbers are said to be percentages."""
    if len(text) > _TOO_LONG:
        raise InputError(f"The composition is {len(text)} characters long.", f"At most {_TOO_LONG} are read.", EXAMPLES)
    plain = text.translate(_TYPOGRAPHY)
    said = {_BASES[word.lower()] for word in _BASIS.findall(plain)} | ({basis} if basis else set())
    if len(said) > 1:
        raise InputError(f"{text!r} mixes {' and '.join(sorted(said))}.", mend="Use one basis for all components.")
    strict = bool(said) or "%" in plain
    plain = _BASIS.sub(" ", plain).replace("%", " ").replace("(", " (").strip()
    if not plain:
        raise InputError("The composition is empty.", mend=EXAMPLES)
    pieces = re.split(r"[-+,;]", plain)
    tokens = plain.split() if len(pieces) == 1 else pieces
    if len(pieces) == 1 and any(re.fullmatch(NUMBER, token, re.ASCII) for token in tokens):
        if len(tokens) % 2:
            raise InputError(f"{text!r} does not give every component an amount.", mend=EXAMPLES)
        tokens = [" ".join(pair) for pair in zip(tokens[::2], tokens[1::2], strict=True)]
    if len(tokens) > _TOO_MANY:
        raise InputError(f"The composition has {len(tokens)} components.", f"At most {_TOO_MANY} are read.")
    terms: list[tuple[str, Fraction | None]] = []
    for token in tokens:
        found = _TERM.fullmatch(token.strip())
        if not found or (found[1] and found[4]):
            shown = f"{token.strip()!r} in {text!r}" if token.strip() else f"An empty component in {text!r}"
            raise InputError(f"{shown} is not a component with an amount.", mend=EXAMPLES)
        number = found[1] or found[4]
        terms.append((found[2] or found[3], Fraction(number) if number else None))
    return terms, next(iter(said), None), strict


def _read_mapping(spec: Mapping[object, object]) -> list[tuple[str, Fraction | None]]:
    if not 1 <= len(spec) <= _TOO_MANY:
        raise InputError(f"The composition has {len(spec)} components.", f"From 1 to {_TOO_MANY} are read.", 'Write it like {"Na2O": 30, "SiO2": 70}.')
    terms: list[tuple[str, Fraction | None]] = []
    for name, value in spec.items():
        if not isinstance(name, str) or len(name) > _TOO_LONG:
            raise InputError(f"The component {name!r:.60} is not a formula.", mend='Write it like {"Na2O": 30, "SiO2": 70}.')
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1e9:
            raise InputError(f"The amount of {name} is {value!r:.60}.", mend="Amounts are numbers from 0 to 10⁹.")
        terms.append((name.translate(_TYPOGRAPHY).strip(), Fraction(float(value))))
    return terms


def _check_sum(numbers: list[float], strict: bool, names: list[str], unnumbered: bool) -> None:
    """Refuse numbers that look like percentages or fractions and do not add up."""
    total = sum(numbers)
    if unnumbered or any(abs(total - whole) <= 0.01 * whole for whole in (1.0, 100.0)):
        return
    if strict or len(numbers) == 1 or any(abs(total - whole) <= 0.2 * whole for whole in (1.0, 100.0)):
        shown = "-".join(f"{number:g}{name}" for number, name in zip(numbers, names, strict=True))
        raise InputError(
            f"The amounts in {shown} add to {total:g}.",
            "They should add to 100 (or to 1), and glasswright does not guess what is missing.",
            "Complete them, or write a plain ratio of small whole numbers such as 1Na2O-2SiO2.",
        )


def _resolve(atoms: dict[str, dict[str, Fraction]], amounts: dict[str, Fraction], basis: str | None) -> dict[str, Fraction]:
    """Moles of simple oxides, or of elements."""
    single = all(len(content) == 1 for content in atoms.values())
    if basis == "at%" and len(atoms) > 1 and not single:
        raise InputError("Atom percent need elements.", f"Found {', '.join(atoms)}.", 'Write "Si 33.3 O 66.7 at%", or use mol%.')
    if basis == "wt%":
        if len(atoms) == 1 and not single and "O" not in next(iter(atoms.values())):
            raise InputError(f"Subscripts in {next(iter(atoms))} count atoms.", mend='For weights write "Ge 20 Se 80 wt%".')
        amounts = {name: amount / mass(atoms[name]) for name, amount in amounts.items()}
    if single and len(atoms) > 1 and any("O" in content for content in atoms.values()):
        elements: dict[str, Fraction] = {}
        for name, ((element, n),) in ((name, content.items()) for name, content in atoms.items()):
            elements[element] = elements.get(element, Fraction(0)) + n * amounts[name]
        return oxides_from_elements(elements)
    oxygen = {name: "O" in content for name, content in atoms.items()}
    if any(oxygen.values()) and not all(oxygen.values()):
        bare = [name for name, has in oxygen.items() if not has]
        known = [oxide_name(name, OXIDATION_STATES[name][0]) for name in bare if name in OXIDATION_STATES]
        mend = f"Did you mean {' and '.join(known)}?" if len(known) == len(bare) else f"Leave out {', '.join(bare)}."
        raise InputError(f"{', '.join(bare)} in a mixture with oxides contains no oxygen.", "A composition is made of oxides or of elements.", mend)
    moles: dict[str, Fraction] = {}
    for name, content in atoms.items():
        if not oxygen[name] and len(atoms) == 1:
            _check_sum([float(n) for n in content.values()] if len(content) > 1 else [1.0], False, list(content), False)
        for component, n in (split_oxide(name, content) if oxygen[name] else content).items():
            moles[component] = moles.get(component, Fraction(0)) + n * amounts[name]
    return moles


def read_counts(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Canonical parts of the numbers of atoms in a box."""
    atoms = {element: Fraction(int(n)) for element, n in counts.items() if n}
    if not atoms:
        raise InputError("There are no atoms.", mend=EXAMPLES)
    name = "".join(f"{element}{n}" for element, n in atoms.items())
    return canonical(split_oxide(name, parse_formula(name)) if "O" in atoms else parse_formula(name))


def canonical(moles: dict[str, Fraction]) -> tuple[tuple[str, int], ...]:
    """Whole parts of 1e8, oxides by rising valence (as glasses are written), elements by symbol."""
    total = sum(moles.values())
    exact = {name: amount * WHOLE / total for name, amount in moles.items()}
    parts = {name: math.floor(amount) for name, amount in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (parts[name] - exact[name], name))
    for name in by_remainder[: WHOLE - sum(parts.values())]:
        parts[name] += 1
    vanished = [name for name, part in parts.items() if part == 0]
    if vanished:
        raise InputError(f"The amount of {vanished[0]} is below 1e-6 %.", mend="Leave it out.")
    elements = {element for name in parts for element in atoms_of(name)}
    if "O" in elements and not elements & (NETWORK_FORMERS | CONDITIONAL_FORMERS):
        raise InputError(
            f"There is no network former in {' and '.join(parts)}.",
            "Modifier oxides alone crystallise; they do not make a glass.",
            "Add SiO2, GeO2, B2O3, P2O5 or another former.",
        )

    def order(name: str) -> tuple[int, str]:
        return (read_simple(name)[1] if "O" in elements else 0, name)

    return tuple((name, parts[name]) for name in sorted(parts, key=order))
