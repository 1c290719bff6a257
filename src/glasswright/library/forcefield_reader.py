"""Reads a force field from TOML, so that every complaint names the file and the key."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from itertools import combinations_with_replacement
from types import MappingProxyType

import numpy as np

from ..errors import InputError
from ..forcefield import (
    Coulomb,
    ForceField,
    MeltQuenchDefaults,
    Pair,
    PairTerm,
    Source,
    Species,
    Triplet,
    TripletTerm,
    Validity,
    pair_key,
    triplet_key,
)
from ..forms import CORES, PAIR_FORMS, RULES, STILLINGER_WEBER, TRIPLET_FORMS
from ..forms.tabulate import INNER_RADIUS, short_range
from .toml_table import Table

_COULOMB_METHODS = ("ewald", "dsf", "wolf", "shik-wolf", "none")
_PER_PAIR = ("form", "cutoff", "status", "core", "shifted", "smoothing", "rule")


def parse_forcefield(data: bytes, file: str) -> ForceField:
    """The force field in the bytes of a TOML file.

    Parameters
    ----------
    data
        What the file holds.
    file
        What to call it in a complaint.

    Raises
    ------
    InputError
        If anything is missing, unknown, of the wrong type or not finite.
    """
    try:
        root = Table(f"Force-field file {file}", "", tomllib.loads(data.decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"Force-field file {file} is not a TOML file.", str(error)) from error
    if root.text("units") != "eV, angstrom, e":
        root.refuse("units", f"is {root.text('units')!r}", 'Convert the numbers and write units = "eV, angstrom, e".')
    species = _species(root.table("species"))
    names = tuple(s.name for s in species)
    pairs = _pairs(root.table("pairs"), names)
    required = _required(root, names, pairs)
    coulomb = _coulomb(root.table("coulomb"))
    triplets = _triplets(root.table("triplets"), names) if root.has("triplets") else {}
    if triplets or any(t.form == STILLINGER_WEBER for t in pairs.values()):
        _check_stillinger_weber(root, species, pairs, triplets, coulomb)
    forcefield = ForceField(
        name=_identity(root, coulomb),
        title=root.text("title"),
        species=species,
        pairs=MappingProxyType(pairs),
        coulomb=coulomb,
        validity=_validity(root.table("validity"), species) if root.has("validity") else Validity(frozenset(s.element for s in species)),
        melt_quench=_melt_quench(root.table("melt_quench")),
        sources=_sources(root),
        our_choices=root.texts("our_choices"),
        notes=root.texts("notes"),
        required_pairs=required,
        triplets=MappingProxyType(triplets),
    )
    root.finish()
    return forcefield


def _identity(root: Table, coulomb: Coulomb) -> str:
    name = root.text("name")
    if not name or "/" in name or not name.isprintable() or name != name.strip():
        root.refuse("name", f"{name!r} is no name", "Use letters, digits and dashes.")
    return name if coulomb.as_published else f"{name}/{coulomb.method}"


def _species(table: Table) -> tuple[Species, ...]:
    from ase.data import atomic_numbers

    found = []
    for name in table.values:
        entry = table.table(name)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+_]*", name):
            entry.refuse("", f"{name!r} is no name of a species", "Use letters, digits, + and _, such as Fe2.")
        element = entry.text("element", name)
        if element not in atomic_numbers or element == "X":
            entry.refuse("element", f"{element!r} is no chemical element", 'Write element = "Fe" for a species such as Fe2.')
        neutral = entry.raw("charge") == "neutrality"
        charge = None if neutral else entry.number("charge", low=-10, high=10)
        found.append(Species(name, element, charge, entry.text("status", "user")))
        entry.finish()
    if not found:
        table.refuse("", "is empty")
    if sum(s.charge is None for s in found) > 1:
        table.refuse("", "has more than one charge that follows from neutrality")
    return tuple(found)


def _pairs(table: Table, names: tuple[str, ...]) -> dict[Pair, PairTerm]:
    defaults = table.table("defaults") if table.has("defaults") else Table(table.file, table.path("defaults"), {})
    pairs: dict[Pair, PairTerm] = {}
    for label in table.values:
        if label == "defaults":
            continue
        a, _, b = label.partition("-")
        if a not in names or b not in names:
            table.refuse(f'"{label}"', "is not a pair of the species above", f'Write it like "Si-O" with species from {", ".join(names)}.')
        key = pair_key(a, b)
        if key in pairs:
            table.refuse(f'"{label}"', "is given twice")
        pairs[key] = _pair(table.table(label), defaults, key)
    defaults.used |= {*_PER_PAIR, *(p for form in PAIR_FORMS.values() for p in form.parameters)}
    defaults.finish()
    return pairs


def _pair(table: Table, defaults: Table, key: Pair) -> PairTerm:
    def of(name: str) -> Table:
        return table if table.has(name) else defaults

    form_name = of("form").text("form")
    if form_name not in PAIR_FORMS:
        of("form").refuse("form", f"{form_name!r} is unknown", f"Forms: {', '.join(PAIR_FORMS)}.")
    form = PAIR_FORMS[form_name]
    parameters = {p: (defaults if defaults.has(p) and not table.has(p) else table).number(p) for p in form.parameters}
    for p, unit in zip(form.parameters, form.units, strict=True):
        if unit in ("Å", "1/Å") and p != "r0" and not (parameters[p] > 0 or (p == "sigma" and form_name == "born" and parameters[p] == 0)):
            table.refuse(p, f"must be positive, not {parameters[p]:g}")
    bonded = form_name == STILLINGER_WEBER
    cutoff = _stillinger_weber_cutoff(table, defaults, parameters) if bonded else of("cutoff").number("cutoff", low=1.0, high=100.0)
    rule = of("rule").text("rule", "")
    if rule and rule not in RULES:
        of("rule").refuse("rule", f"{rule!r} is unknown", f"Rules: {', '.join(RULES)}.")
    term = PairTerm(
        species=key,
        form=form_name,
        parameters=MappingProxyType(parameters),
        cutoff=cutoff,
        status=of("status").text("status", "user"),
        core=_core(of("core")) if of("core").has("core") else MappingProxyType({}),
        shifted=of("shifted").flag("shifted", False),
        smoothing=of("smoothing").number("smoothing", 0.0, low=0.0, high=5.0),
        rule=RULES[rule] if rule else None,
    )
    table.used |= set(_PER_PAIR)
    table.finish()
    with np.errstate(all="ignore"):
        values = short_range(term, np.geomspace(INNER_RADIUS, term.cutoff, 50))
    if not np.all(np.isfinite(values)):
        table.refuse("", "has energies that are not finite", "Check the units and the sizes of its numbers.")
    return term


def _stillinger_weber_cutoff(table: Table, defaults: Table, parameters: Mapping[str, float]) -> float:
    for p, value in parameters.items():
        most = 64 if p in ("p", "q") else 100
        if not 0 <= value <= most or (p in ("a", "gamma") and value == 0):
            table.refuse(p, f"must be a positive number up to {most}, not {value:g}")
    for key in ("cutoff", "core", "shifted", "smoothing", "rule"):
        if table.has(key) or defaults.has(key):
            of = table if table.has(key) else defaults
            of.refuse(key, f"has no place in the form {STILLINGER_WEBER}", "It ends smoothly at a·sigma: leave the key out.")
    cutoff = parameters["a"] * parameters["sigma"]
    if not 1 <= cutoff <= 100:
        table.refuse("", f"ends at a·sigma = {cutoff:g} Å", "A cutoff between 1 and 100 Å makes sense.")
    return cutoff


def _triplets(table: Table, names: tuple[str, ...]) -> dict[Triplet, TripletTerm]:
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
        parameters = {
            p: (defaults if defaults.has(p) and not row.has(p) else row).number(p, low=low, high=high)
            for p, (low, high) in zip(form.parameters, form.limits, strict=True)
        }
        status = (row if row.has("status") else defaults).text("status", "user")
        triplets[key] = TripletTerm(key, form.name, MappingProxyType(parameters), status)
        row.used |= {*form.parameters, "status"}
        row.finish()
    defaults.used |= {*form.parameters, "status"}
    defaults.finish()
    return triplets


def _check_stillinger_weber(
    root: Table, species: tuple[Species, ...], pairs: Mapping[Pair, PairTerm], triplets: Mapping[Triplet, TripletTerm], coulomb: Coulomb
) -> None:
    """Two-body and three-body terms belong together: one potential, complete and without charges."""
    names = sorted(s.name for s in species)
    if coulomb.method != "none":
        root.refuse("coulomb.method", f"must be none beside the form {STILLINGER_WEBER}")
    for s in species:
        if s.charge != 0:
            root.refuse(f"species.{s.name}.charge", f"must be 0 beside the form {STILLINGER_WEBER}")
    for pair in combinations_with_replacement(names, 2):
        if pair not in pairs or pairs[pair].form != STILLINGER_WEBER:
            root.refuse(f'pairs."{pair[0]}-{pair[1]}"', f"must have the form {STILLINGER_WEBER}: with triplets every pair has", "Write epsilon = 0 for none.")
    for centre in names:
        for a, b in combinations_with_replacement(names, 2):
            if (a, centre, b) not in triplets:
                root.refuse(f'triplets."{a}-{centre}-{b}"', "is missing", "Every triplet end-centre-end has a row; write lambda = 0 for none.")


def _core(owner: Table) -> Mapping[str, float | str]:
    table = owner.table("core")
    kind = table.text("kind")
    if kind not in CORES:
        table.refuse("kind", f"{kind!r} is unknown", f"Kinds: {', '.join(CORES)}.")
    core: dict[str, float | str] = {"kind": kind}
    for p in CORES[kind]:
        core[p] = table.number(p, low=0.0, high=100.0)
    table.finish()
    return MappingProxyType(core)


def _required(root: Table, names: tuple[str, ...], pairs: Mapping[Pair, PairTerm]) -> frozenset[Pair]:
    centres = root.texts("every_species_with") if root.has("every_species_with") else tuple(n for n in ("O",) if n in names)
    required = set()
    for centre in centres:
        if centre not in names:
            root.refuse("every_species_with", f"names {centre!r}, which is not a species")
        for name in names:
            key = pair_key(centre, name)
            if key not in pairs:
                root.refuse(
                    f'pairs."{name}-{centre}"', "is missing", f"Add it, or set every_species_with = [] if {name} and {centre} have no short-range term."
                )
            required.add(key)
    return frozenset(required)


def _coulomb(table: Table) -> Coulomb:
    method = table.text("method")
    if method not in _COULOMB_METHODS:
        table.refuse("method", f"{method!r} is unknown", f"Methods: {', '.join(_COULOMB_METHODS)}.")
    alpha = table.number("alpha", low=0.0, high=2.0) if method in ("dsf", "wolf") else 0.0
    smoothing = table.number("smoothing", low=0.0, high=5.0) if method == "shik-wolf" else 0.0
    cutoff = 0.0 if method == "none" else table.number("cutoff", low=1.0, high=100.0)
    as_published = table.flag("as_published", True)
    table.finish()
    return Coulomb(method, cutoff, alpha, smoothing, as_published)  # type: ignore[arg-type]


def _melt_quench(table: Table) -> MeltQuenchDefaults:
    defaults = MeltQuenchDefaults(
        melt_temperature=table.number("melt_temperature", low=1.0, high=1e5),
        melt_pressure=table.number("melt_pressure", 0.0, low=-1e3, high=1e3),
        timestep=table.number("timestep", 1.0, low=1e-3, high=100.0),
        reason=table.text("reason", ""),
    )
    table.finish()
    return defaults


def _validity(table: Table, species: tuple[Species, ...]) -> Validity:
    oxides = {}
    limits = table.table("oxides") if table.has("oxides") else Table(table.file, table.path("oxides"), {})
    for oxide in limits.values:
        oxides[oxide] = _span(limits, oxide, 1.0)
    validity = Validity(
        elements=frozenset(s.element for s in species),
        composition=table.text("composition", ""),
        formers=frozenset(table.texts("formers")),
        oxides=MappingProxyType(oxides),
        temperature=_span(table, "temperature") if table.has("temperature") else None,
        rank=int(table.number("rank", 0.0, low=-1000, high=1000)),
    )
    table.finish()
    return validity


def _span(table: Table, key: str, high: float = math.inf) -> tuple[float, float]:
    ends = table.raw(key)
    if not isinstance(ends, list) or len(ends) != 2:
        table.refuse(key, "must be two numbers such as [300, 4000]")
    span = Table(table.file, table.path(key), {"low": ends[0], "high": ends[1]})
    first, second = span.number("low", low=0.0, high=high), span.number("high", low=0.0, high=high)
    if first > second:
        table.refuse(key, "must rise")
    return first, second


def _sources(root: Table) -> tuple[Source, ...]:
    entries = root.raw("sources") if root.has("sources") else []
    if not isinstance(entries, list):
        root.refuse("sources", "must be a list of tables [[sources]]")
    sources = []
    for i, entry in enumerate(entries, start=1):
        table = Table(root.file, f"sources[{i}]", entry)
        sources.append(Source(table.text("text"), table.text("doi", "")))
        table.finish()
    return tuple(sources)
