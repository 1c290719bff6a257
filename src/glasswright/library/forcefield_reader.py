"""Reads a force field from TOML, so that every complaint names the file and the key."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ..errors import InputError
from ..forcefield import MANY_BODY, Coulomb, ForceField, MeltQuenchDefaults, Pair, PairTerm, Source, Species, Validity, pair_key
from ..forms import CORES, PAIR_FORMS, RULES
from ..forms.tabulate import INNER_RADIUS, short_range
from .many_body_reader import check_many_body, own_cutoff, read_bond_orders, read_embedded, read_triplets
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
    embedded = read_embedded(root.table("embedded"), names) if root.has("embedded") else None
    pairs = _pairs(root.table("pairs"), names) if embedded is None or root.has("pairs") else {}
    coulomb = _coulomb(root.table("coulomb"))
    triplets = read_triplets(root.table("triplets"), names) if root.has("triplets") else {}
    bond_orders = read_bond_orders(root.table("bond_orders"), names) if root.has("bond_orders") else {}
    together = check_many_body(root, species, pairs, triplets, bond_orders, embedded, coulomb)
    required = together | (frozenset() if together or embedded else _required(root, names, pairs))
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
        bond_orders=MappingProxyType(bond_orders),
        embedded=embedded,
    )
    root.finish(("every_species_with",))
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
    cutoff = own_cutoff(form_name, table, defaults, parameters) if form_name in MANY_BODY else of("cutoff").number("cutoff", low=1.0, high=100.0)
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
