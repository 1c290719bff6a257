"""The free parameters of a force field under flat names: what derivatives are taken of, and what a fit may move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import InputError
from ..forcefield import BondOrderTerm, BoundForceField, PairTerm, TripletTerm
from .pair import PAIR_FORMS
from .tersoff import BOND_ORDER_FORMS

CHARGE = "charge."
"""How the names of charges begin."""


def parameters(bound: BoundForceField) -> dict[str, float]:
    """Every free parameter of a force field among the species present, with its value.

    Names are ``O-Si.A`` (pair term), ``O-Si.core.epsilon`` (an added core), ``Si-O-Si.lambda`` (triplet; the centre in the middle),
    ``Si.beta`` (bond order of a centre) and ``charge.Si``; units are those of the force field (eV, Å, e).
    What follows from others is no parameter: a charge fixed by neutrality,
    what a rule makes of the composition. Cutoffs, damping and smoothing belong to the identity of a force field and are none either.
    """
    found: dict[str, float] = {}
    for pair, term in bound.pairs.items():
        written = bound.forcefield.pairs[pair].parameters
        fixed = PAIR_FORMS[term.form].fixed
        free = {name: value for name, value in term.parameters.items() if name not in fixed and (term.rule is None or written.get(name) == value)}
        found |= {f"{_label(term)}.{name}": value for name, value in free.items()}
        found |= {f"{_label(term)}.core.{name}": value for name, value in term.core.items() if not isinstance(value, str)}
    found |= {f"{_label(t)}.{name}": value for t in bound.triplets.values() for name, value in t.parameters.items()}
    for bond_order in bound.bond_orders.values():
        fixed = BOND_ORDER_FORMS[bond_order.form].fixed
        found |= {f"{_label(bond_order)}.{name}": value for name, value in bond_order.parameters.items() if name not in fixed}
    if bound.coulomb.method != "none":
        dependent = _neutral_species(bound)
        found |= {f"{CHARGE}{name}": bound.charge(name) for name in bound.species if name != dependent}
    return found


def with_parameters(bound: BoundForceField, theta: Mapping[str, Any]) -> BoundForceField:
    """The same force field with other values of some parameters; what follows from them follows.

    Parameters
    ----------
    bound
        The force field resolved for given atoms.
    theta
        Values by the names of ``parameters``: numbers, or JAX arrays of no dimension, traced ones too. Those not named stay.

    Returns
    -------
    BoundForceField
        Keeps in ``start`` what it came from: radii that are searched for (inner radius, begin of a splice) are searched from there under JAX.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    start = bound if bound.start is None else bound.start
    if unknown := sorted(set(theta) - set(parameters(start))):
        raise InputError(
            f"Force field {bound.forcefield.name!r} has no free parameter {', '.join(unknown)}.",
            mend=f"Its parameters are {', '.join(parameters(start))}.",
        )

    def chosen(label: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: theta.get(f"{label}.{name}", value) for name, value in values.items()}

    pairs = {p: replace(t, parameters=chosen(_label(t), t.parameters), core=chosen(f"{_label(t)}.core", t.core)) for p, t in bound.pairs.items()}
    triplets = {key: replace(t, parameters=chosen(_label(t), t.parameters)) for key, t in bound.triplets.items()}
    bond_orders = {key: replace(t, parameters=chosen(_label(t), t.parameters)) for key, t in bound.bond_orders.items()}
    return replace(bound, pairs=pairs, triplets=triplets, bond_orders=bond_orders, charges=_charges(bound, theta), start=start)


def _label(term: PairTerm | TripletTerm | BondOrderTerm) -> str:
    return "-".join(term.species)


def _neutral_species(bound: BoundForceField) -> str | None:
    """The species whose charge follows from neutrality, where one is present."""
    return next((s.name for s in bound.forcefield.species if s.charge is None and s.name in bound.species), None)


def _charges(bound: BoundForceField, theta: Mapping[str, Any]) -> Any:
    """Charges of the species ``(n_species,)`` [e], in the array namespace of the values given."""
    if not any(name.startswith(CHARGE) for name in theta):
        return bound.charges
    dependent, counts = _neutral_species(bound), np.bincount(bound.types, minlength=len(bound.species)).tolist()
    charges = {name: theta.get(CHARGE + name, bound.charge(name)) for name in bound.species}
    if dependent is not None:
        others = sum(n * charges[name] for name, n in zip(bound.species, counts, strict=True) if name != dependent)
        charges[dependent] = -others / counts[bound.species.index(dependent)]
    # A sum of unit vectors is an array of whatever the charges are, in their precision.
    unit = np.eye(len(charges), dtype=next((q.dtype for q in charges.values() if hasattr(q, "dtype")), float))
    return sum(unit[i] * q for i, q in enumerate(charges.values()))
