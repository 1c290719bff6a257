"""The parts of a force-field file that go beyond pairs: triplets, bond orders, embedded-atom tables, and what they ask of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement, product
from pathlib import Path
from types import MappingProxyType

from ..errors import InputError
from ..forcefield import MANY_BODY, BondOrderTerm, Coulomb, EmbeddedTerm, Pair, PairTerm, Species, Triplet, TripletTerm, triplet_key
from ..forms import BOND_ORDER_FORMS, SECOND_MOMENT, STILLINGER_WEBER, TERSOFF, TRIPLET_FORMS
from ..forms.setfl import EMBEDDED_ATOM, read_setfl
from .toml_table import Table

_OF_CUT_FORMS = ("cutoff", "core", "shifted", "smoothing", "rule")


def own_cutoff(form: str, table: Table, defaults: Table, parameters: Mapping[str, float]) -> float:
    """Where a form that carries its own cutoff ends [Å]; refuses parameters that make no sense, and keys that have no place beside it."""
    for p, value in parameters.items():
        most = 1e6 if form == TERSOFF else 64 if p in ("p", "q") else 100
        if not 0 <= value <= most or (p in ("a", "gamma") and value == 0):
            table.refuse(p, f"must be a positive number up to {most:g}, not {value:g}")
    for key in _OF_CUT_FORMS:
        if table.has(key) or defaults.has(key):
            of = table if table.has(key) else defaults
            of.refuse(key, f"has no place in the form {form}", f"It ends smoothly at {_END[form]}: leave the key out.")
    start, cutoff = _reach(form, parameters)
    if not 0 <= start < cutoff or not 1 <= cutoff <= 100:
        table.refuse("", f"ends at {_END[form]} = {cutoff:g} Å", "A cutoff between 1 and 100 Å makes sense, and a taper that begins before it.")
    return cutoff


def _reach(form: str, p: Mapping[str, float]) -> tuple[float, float]:
    """Where the taper of a form begins and where it ends [Å]."""
    if form == STILLINGER_WEBER:
        return 0.0, p["a"] * p["sigma"]
    return (p["R"] - p["D"], p["R"] + p["D"]) if form == TERSOFF else (p["start"], p["end"])


_END = {STILLINGER_WEBER: "a·sigma", TERSOFF: "R + D", SECOND_MOMENT: "end"}


def read_triplets(table: Table, names: tuple[str, ...]) -> dict[Triplet, TripletTerm]:
    """The rows of ``[triplets]``."""
    defaults = table.table("defaults") if table.has("defaults") else Table(table.file, table.path("defaults"), {})
    form = TRIPLET_FORMS[STILLINGER_WEBER]
    triplets: dict[Triplet, TripletTerm] = {}
    for label in table.values:
        if label == "defaults":
            continue
        parts = label.split("-")
        if len(parts) != 3 or not set(parts) <= set(names):
            table.refuse(f'"{label}"', "is not three of the species above", 'Write end-centre-end, such as "Se-Ge-Se".')
        key = triplet_key(*parts)
        if key in triplets:
            table.refuse(f'"{label}"', "is given twice")
        row = table.table(label)
        triplets[key] = TripletTerm(key, form.name, _parameters(row, defaults, form.parameters, form.limits), _status(row, defaults))
        row.finish()
    defaults.finish((*form.parameters, "status"))
    return triplets


def read_bond_orders(table: Table, names: tuple[str, ...]) -> dict[tuple[str, ...], BondOrderTerm]:
    """The rows of ``[bond_orders]``: a centre alone, or bonded, centre and third."""
    defaults = table.table("defaults") if table.has("defaults") else Table(table.file, table.path("defaults"), {})
    form = BOND_ORDER_FORMS[TERSOFF]
    terms: dict[tuple[str, ...], BondOrderTerm] = {}
    for label in table.values:
        if label == "defaults":
            continue
        key = tuple(label.split("-"))
        if len(key) not in (1, 3) or not set(key) <= set(names):
            table.refuse(f'"{label}"', "is neither one nor three of the species above", 'Write the centre, "Si", or bonded-centre-third, "O-Si-Si".')
        row = table.table(label)
        parameters = _parameters(row, defaults, form.parameters, form.limits)
        if parameters["m"] not in (1, 3):
            row.refuse("m", f"must be 1 or 3, not {parameters['m']:g}")
        terms[key] = BondOrderTerm(key, form.name, parameters, _status(row, defaults))
        row.finish()
    defaults.finish((*form.parameters, "status"))
    return terms


def _parameters(row: Table, defaults: Table, names: tuple[str, ...], limits: tuple[tuple[float, float], ...]) -> Mapping[str, float]:
    row.used |= set(names)
    return MappingProxyType(
        {p: (defaults if defaults.has(p) and not row.has(p) else row).number(p, low=low, high=high) for p, (low, high) in zip(names, limits, strict=True)}
    )


def _status(row: Table, defaults: Table) -> str:
    row.used.add("status")
    return (row if row.has("status") else defaults).text("status", "user")


def read_embedded(table: Table, names: tuple[str, ...]) -> EmbeddedTerm:
    """The table ``[embedded]``: the path of a setfl file, as seen from the force-field file, or its text."""
    if table.has("setfl"):
        text = table.text("setfl")
    else:
        path = Path(table.file.removeprefix("Force-field file ")).parent / table.text("file")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            table.refuse("file", f"{str(path)!r} cannot be read: {error}", "Give the path of a setfl file, as seen from this file.")
    try:
        functions = read_setfl(text)
    except InputError as error:
        table.refuse("setfl" if table.has("setfl") else "file", f"is not read: {error}".rstrip("."))
    if lacking := sorted(set(names) - set(functions.elements)):
        table.refuse("", f"has no functions for {', '.join(lacking)}", f"It has {', '.join(functions.elements)}.")
    # Comments may hold anything; what is kept can be quoted.
    tidy = "\n".join("".join(c for c in line if c.isprintable()).replace("'''", "") for line in text.splitlines()) + "\n"
    term = EmbeddedTerm(tidy, functions.cutoff, table.text("status", "user"))
    table.finish()
    return term


def check_many_body(
    root: Table,
    species: tuple[Species, ...],
    pairs: Mapping[Pair, PairTerm],
    triplets: Mapping[Triplet, TripletTerm],
    bond_orders: Mapping[tuple[str, ...], BondOrderTerm],
    embedded: EmbeddedTerm | None,
    coulomb: Coulomb,
) -> frozenset[Pair]:
    """The parts belong together: one potential, complete and without charges. Returns the pairs that must have a term where both species are."""
    forms = {term.form for term in pairs.values()} & set(MANY_BODY)
    forms |= {STILLINGER_WEBER} if triplets else set()
    forms |= {TERSOFF} if bond_orders else set()
    forms |= {EMBEDDED_ATOM} if embedded else set()
    if not forms:
        return frozenset()
    form = min(forms)
    names = sorted(s.name for s in species)
    if coulomb.method != "none":
        root.refuse("coulomb.method", f"must be none beside the form {form}")
    for s in species:
        if s.charge != 0:
            root.refuse(f"species.{s.name}.charge", f"must be 0 beside the form {form}")
    if len(forms) > 1 or (embedded and pairs):
        root.refuse("pairs", f"mixes {' and '.join(sorted(forms))} with others", "A force field beyond pairs has one form.")
    if not embedded:
        _check_rows(root, form, names, pairs, set(triplets) | set(bond_orders))
    return frozenset() if embedded else frozenset(combinations_with_replacement(names, 2))


def _check_rows(root: Table, form: str, names: list[str], pairs: Mapping[Pair, PairTerm], others: set[tuple[str, ...]]) -> None:
    """Refuses a potential that lacks a pair, a triplet or a bond order of its species."""
    none = {STILLINGER_WEBER: "Write epsilon = 0 for none.", TERSOFF: "Write A = 0 and B = 0 for none."}
    for pair in combinations_with_replacement(names, 2):
        if (pair in pairs or form != SECOND_MOMENT) and (pair not in pairs or pairs[pair].form != form):
            root.refuse(f'pairs."{pair[0]}-{pair[1]}"', f"must have the form {form}, as every pair has beside it", none.get(form, ""))
    for a, centre, b in product(names, repeat=3):
        if form == STILLINGER_WEBER and a <= b and (a, centre, b) not in others:
            root.refuse(f'triplets."{a}-{centre}-{b}"', "is missing", "Every triplet end-centre-end has a row; write lambda = 0 for none.")
        if form == TERSOFF and not {(centre,), (a, centre, b)} & others:
            root.refuse(f'bond_orders."{a}-{centre}-{b}"', "is missing", f"Write a row for it, or one for {centre} alone.")
