"""A force field as TOML text that loads to the same force field again: what a run directory keeps."""

from __future__ import annotations

import json
from typing import Any

from ..forcefield import MANY_BODY, EmbeddedTerm, ForceField, PairTerm


def forcefield_toml(forcefield: ForceField) -> str:
    """TOML of a force field, every number in full."""
    import tomlkit

    ff, coulomb = forcefield, forcefield.coulomb
    document: dict[str, Any] = {
        "name": ff.name.partition("/")[0],
        "title": ff.title,
        "units": "eV, angstrom, e",
        "every_species_with": _centres(ff),
        "our_choices": list(ff.our_choices),
        "notes": list(ff.notes),
        "coulomb": {"method": coulomb.method},
        "melt_quench": {
            "melt_temperature": ff.melt_quench.melt_temperature,
            "melt_pressure": ff.melt_quench.melt_pressure,
            "timestep": ff.melt_quench.timestep,
            "reason": ff.melt_quench.reason,
        },
        "validity": _validity(ff),
        "species": {s.name: {"element": s.element, "charge": "neutrality" if s.charge is None else float(s.charge), "status": s.status} for s in ff.species},
        "pairs": {f"{a}-{b}": _pair(term) for (a, b), term in ff.pairs.items()},
        "sources": [{"text": s.text, "doi": s.doi} for s in ff.sources],
    }
    if ff.triplets:
        document["triplets"] = {"-".join(key): {**{k: float(v) for k, v in t.parameters.items()}, "status": t.status} for key, t in ff.triplets.items()}
    if ff.bond_orders:
        document["bond_orders"] = {"-".join(key): {**{k: float(v) for k, v in t.parameters.items()}, "status": t.status} for key, t in ff.bond_orders.items()}
    if coulomb.method != "none":
        document["coulomb"]["cutoff"] = coulomb.cutoff
    if coulomb.method in ("dsf", "wolf"):
        document["coulomb"]["alpha"] = coulomb.alpha
    if coulomb.method == "shik-wolf":
        document["coulomb"]["smoothing"] = coulomb.smoothing
    if not coulomb.as_published:
        document["coulomb"]["as_published"] = False
    return tomlkit.dumps(document) + ("" if ff.embedded is None else _embedded(ff.embedded))


def _embedded(term: EmbeddedTerm) -> str:
    """Megabytes of numbers, which tomlkit would look at letter by letter; the reader has left nothing in them that would end the quotes."""
    return f"\n[embedded]\nstatus = {json.dumps(term.status)}\nsetfl = '''\n{term.text}'''\n"


def _pair(term: PairTerm) -> dict[str, Any]:
    row: dict[str, Any] = {"form": term.form, **{k: float(v) for k, v in term.parameters.items()}, "status": term.status}
    if term.form not in MANY_BODY:
        row["cutoff"] = term.cutoff
    if term.core:
        row["core"] = dict(term.core)
    if term.shifted:
        row["shifted"] = True
    if term.smoothing:
        row["smoothing"] = term.smoothing
    if term.rule:
        row["rule"] = term.rule.name
    return row


def _validity(ff: ForceField) -> dict[str, Any]:
    v = ff.validity
    oxides = {oxide: list(span) for oxide, span in v.oxides.items()}
    row: dict[str, Any] = {"composition": v.composition, "formers": sorted(v.formers), "oxides": oxides, "rank": v.rank}
    if v.temperature is not None:
        row["temperature"] = list(v.temperature)
    return row


def _centres(ff: ForceField) -> list[str]:
    """Species that must have a term with every other."""
    names = [s.name for s in ff.species]
    return [c for c in names if all((min(c, n), max(c, n)) in ff.required_pairs for n in names)]
