"""The orderings that the review states of structures from data, tested with three seeds each (Liu et al., doi 10.5802/crgeos.116).

Two cases, each refined from random atoms by reverse Monte Carlo (RMC), hybrid RMC and force-enhanced atomic refinement (FEAR), and set beside
glasses quenched from the melt with the same force field:

- ``silicate``: 30Na2O-70SiO2 against the g(r) of a glass that SHIK made, with the force field of Teter. The answer is known.
- ``silica``: SiO2 against the neutron curve of ISIS and the X-ray curve of Mozzi and Warren at once, with SHIK. The curves do not ship.

``python gallery/orderings.py silicate --out runs/orderings`` runs what has not been run yet, sets all side by side in a scorecard, draws how residual
and energy went, and says which orderings hold. Single methods: ``--methods fear``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

import glasswright as gw
from glasswright.library.scattering import neutron_length
from glasswright.native import pair_histogram

HERE = Path(__file__).parent
GLASSES = HERE / "glasses"
METHODS = {"rmc": "RMC", "hybrid": "hybrid RMC", "fear": "FEAR"}
REACH, BINS = 10.0, 200
"""Of the g(r) that is the known target [Å]."""
SHADES = {50: "0.75", 10: "0.45", 1: "black"}
"""Cooling rates of the glasses that are kept [K/ps], fastest first, and how they are drawn."""
AS_GOOD = 1.15
"""R_chi of two methods is the same where their ratio is below this."""
KNOWN = """
[sample]
composition = "30Na2O-70SiO2"
density = "{density:.4f} g/cm3"

[[data]]
file = "known_g_of_r.csv"
name = "known"
kind = "g(r)"
radiation = "neutron"
counted = true
scale = 1.0
"""


@dataclass(frozen=True)
class Case:
    """What is refined, and what it is set beside."""

    forcefield: str
    data: Path
    """A data file."""
    quenched: Mapping[str, str]
    """Name → stem of the files of three glasses by the same force field, fastest first."""
    settings: Mapping[str, Mapping[str, object]]
    """Method → settings other than the usual."""


def kept(stem: str) -> dict[str, str]:
    """Glasses quenched at all rates."""
    return {f"quenched {rate} K/ps": f"{stem}-{rate}Kps" for rate in SHADES}


def silicate(out: Path) -> Case:
    """A known target: g(r) as neutrons weigh it, counted in a glass by another force field."""
    target = read(GLASSES / "sodium-silicate-shik-20Kps-1.extxyz.gz", format="extxyz")
    folder = out / "known"
    folder.mkdir(parents=True, exist_ok=True)
    r, g = counted(target)
    np.savetxt(folder / "known_g_of_r.csv", np.column_stack([r, g]), fmt="%.6g", delimiter=",", header="r [Å],g(r)", comments="", encoding="utf-8")
    density = float(target.get_masses().sum() / target.cell.volume * 1.66053907)
    (folder / "exp.toml").write_text(KNOWN.format(density=density), encoding="utf-8")
    return Case("teter", folder / "exp.toml", kept("sodium-silicate-teter"), {"fear": {"fear_dynamics": 400, "moves": 3000}})


def counted(atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    elements = sorted(set(atoms.get_chemical_symbols()))
    types = np.array([elements.index(s) for s in atoms.get_chemical_symbols()])
    b = np.array([neutron_length(e) for e in elements])
    seen = np.einsum("ab,abk->k", np.outer(b, b) / b[types].mean() ** 2, pair_histogram(atoms.positions, atoms.cell.array, types, len(b), REACH, BINS))
    edges = np.linspace(0, REACH, BINS + 1)
    shells = 4 / 3 * np.pi * np.diff(edges**3)
    return (edges[1:] + edges[:-1]) / 2, seen / len(types) / (len(types) / atoms.cell.volume * shells)


def silica(out: Path) -> Case:
    """Measured curves, neutron and X-ray at once."""
    data = HERE.parent / "docs" / "examples" / "refine" / "joint.toml"
    return Case("shik", data, kept("silica-shik"), {"fear": {"temperature": (3600.0, 300.0), "fear_dynamics": 400}})


CASES: dict[str, Callable[[Path], Case]] = {"silicate": silicate, "silica": silica}


def refine(case: Case, method: str, path: Path, options: argparse.Namespace) -> None:
    """Three replicas from random atoms; nothing where they are there already."""
    if not (path / "glass.extxyz").exists() and not (path / "report.html").exists():
        settings = dict(case.settings.get(method, {})) | {"n_atoms": options.atoms, "replicas": options.replicas}
        with ProcessPoolExecutor(options.processes) as executor:
            gw.refine(method, case.data, forcefield=case.forcefield, seed=options.seed, out=path, executor=executor, overwrite=True, **settings)


def course(path: Path) -> list[dict[str, np.ndarray]]:
    """History of each replica."""
    return [{name: np.asarray(values) for name, values in replica.history.items()} for replica in gw.read_run(path).replicas]


def moves_to(history: Mapping[str, np.ndarray], residual: float) -> float:
    """Moves after which R_chi is down to a value; infinite if never."""
    there = np.flatnonzero(history["r_chi"] <= residual)
    return float(history["moves"][there[0]]) if there.size else np.inf


def orderings(card: gw.Scorecard, case: Case, runs: Mapping[str, Path]) -> list[tuple[str, str, bool]]:
    """Claims of the review, what was found, and whether they hold."""
    residual = card["R_chi, all data"] if any(row.quantity == "R_chi, all data" for row in card.rows) else card["R_chi, known"]
    energy, minimised = card["U"], card["U, minimised"]
    slowest = list(case.quenched)[-1]
    r = {name: n.value for name, n in residual.items()}
    u, bottom = ({name: n.value for name, n in column.items()} for column in (energy, minimised))
    spread = {name: n.spread or 0.0 for name, n in minimised.items()}
    rmc, fear = (course(runs[m]) for m in ("RMC", "FEAR"))
    late = [float(h["energy"][-1] - h["energy"].min()) for h in rmc]
    reached = AS_GOOD * min(h["r_chi"][-1] for h in rmc)
    moves = {name: float(np.median([moves_to(h, reached) for h in histories])) for name, histories in (("RMC", rmc), ("FEAR", fear))}
    return [
        ("R_chi(FEAR) ≈ R_chi(RMC), or below", f"{r['FEAR']:.4f} and {r['RMC']:.4f}", r["FEAR"] < AS_GOOD * r["RMC"]),
        ("both well below R_chi(melt-quench)", f"{r[slowest]:.4f}", max(r["FEAR"], r["RMC"]) < 0.7 * r[slowest]),
        ("U(RMC) ≫ U(melt-quench)", f"{u['RMC']:.3f} and {u[slowest]:.3f} eV/atom", u["RMC"] > u[slowest] + 0.5),
        ("U(RMC) rises late", ", ".join(f"{x:+.3f}" for x in late) + " eV/atom above its lowest", min(late) > 0),
        ("U(FEAR) below the slowest melt-quench", f"{u['FEAR']:.4f} and {u[slowest]:.4f} eV/atom", u["FEAR"] < u[slowest]),
        (
            "  the same of both at their minima",
            f"{bottom['FEAR']:.4f} ± {spread['FEAR']:.4f} and {bottom[slowest]:.4f} ± {spread[slowest]:.4f} eV/atom",
            bottom["FEAR"] < bottom[slowest],
        ),
        ("FEAR reaches RMC's R_chi in fewer moves", f"{moves['FEAR']:.3g} and {moves['RMC']:.3g}", moves["FEAR"] < moves["RMC"]),
    ]


def draw(runs: Mapping[str, Path], card: gw.Scorecard, case: Case, path: Path) -> None:
    """Residual and energy along the moves, as figures 3 and 11 of the review have them."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(6, 7), layout="constrained")
    for (name, run), colour in zip(runs.items(), ("tab:red", "tab:orange", "tab:blue"), strict=False):
        for k, history in enumerate(course(run)):
            label = name if k == 0 else None
            above.loglog(history["moves"][1:], history["r_chi"][1:], color=colour, label=label)
            below.semilogx(history["moves"][1:], history["energy"][1:], color=colour)
    for name, colour in zip(case.quenched, SHADES.values(), strict=True):
        below.axhline(card["U"][name].value, color=colour, linewidth=1, label=name)
    above.set_ylabel("$R_\\chi$")
    above.yaxis.set_major_formatter("{x:g}")
    above.yaxis.set_minor_formatter("{x:g}")
    below.set(xlabel="moves tried", ylabel="U (eV/atom)")
    low = min(n.value for n in card["U"].values())
    below.set_ylim(low - 0.05, low + 3)
    above.legend()
    below.legend()
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=METHODS)
    parser.add_argument("--out", type=Path, default=Path("runs/orderings"))
    parser.add_argument("--atoms", type=int, default=3000)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    case = CASES[options.case](options.out)
    for method in options.methods:
        refine(case, method, options.out / f"{options.case}-{method}", options)
    runs = {name: path for method, name in METHODS.items() if (path := options.out / f"{options.case}-{method}").exists()}
    glasses = {name: [read(GLASSES / f"{stem}-{k}.extxyz.gz", format="extxyz") for k in (1, 2, 3)] for name, stem in case.quenched.items()}
    folder = options.out / f"scorecard-{options.case}"
    card = gw.scorecard({**runs, **glasses}, case.data, case.forcefield, out=folder, overwrite=True)
    for row in card.rows:
        cells = [f"{n.value:12.5g} ± {n.spread or 0:<8.2g}" if (n := row.values.get(g)) else " " * 23 for g in card.glasses]
        print(f"{row.quantity:45s}" + "".join(cells))
    draw(runs, card, case, folder / "course.png")
    if {"RMC", "FEAR"} <= set(runs):
        found = orderings(card, case, runs)
        for claim, values, holds in found:
            print(f"{claim:45s}{values:60s}{'holds' if holds else 'FAILS'}")
        (folder / "orderings.json").write_text(json.dumps([(c, v, bool(h)) for c, v, h in found], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
