"""Run directories made up from formulas, in the very files a real run leaves: for tests of what reads them."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from glasswright.analysis.findings import Number, Population
from glasswright.analysis.store import write_population
from glasswright.curve import Curve
from glasswright.io.curves import write_curve
from glasswright.io.run import THERMO_COLUMNS
from glasswright.io.run_writer import write_run_toml

# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)

STAGES = (("push-off", 1e3, 3600, 3600), ("melt", 20e3, 3600, 3600), ("quench", 66e3, 3600, 300), ("relax", 5e3, 300, 300), ("sample", 5e3, 300, 300))


def _rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def _curve(path: Path, x: np.ndarray, y: np.ndarray, kind: str, units: tuple[str, str], label: str, spread: float = 0.0, **metadata: object) -> None:
    sigma = np.full_like(x, spread) if spread else None
    write_curve(path, Curve(x, y, sigma, kind, *units, label, metadata))


def _glass(anion: str, former: str, seed: int) -> object:
    """A cristobalite-like network, shaken: bonds and rings in the right places, and small."""
    from ase import Atoms

    a = 7.16
    fcc = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    formers = np.vstack([fcc, fcc + 0.25])
    bridges = np.vstack([fcc + np.array(d) / 8 for d in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))])
    atoms = Atoms([former] * 8 + [anion] * 16, scaled_positions=np.vstack([formers, bridges]) % 1, cell=[a] * 3, pbc=True).repeat(2)
    atoms.positions += np.random.default_rng(seed).normal(0, 0.12, atoms.positions.shape)
    return atoms


def _thermo(path: Path, n_atoms: int, seed: int, until: float) -> None:
    noise, rows, time = np.random.default_rng(seed), [], 0.0
    for name, length, hot, cold in STAGES:
        for s in np.linspace(0, 1, 60, endpoint=False):
            time += length / 60
            if time > until:
                break
            target = hot + s * (cold - hot)
            density = 2.25 - 5e-5 * max(target - 1800, 0) + 0.01 * noise.normal()
            energy = n_atoms * (-19.1 + 1.5 * 8.617e-5 * target + 3e-8 * max(target - 1800, 0) ** 2 + 0.003 * noise.normal())
            kinetic = 1.5 * n_atoms * 8.617e-5 * target
            rows.append([time, name, target * (1 + 0.02 * noise.normal()), 0.4 * noise.normal(), density, 1e4, energy, kinetic, energy + kinetic])
    _rows(path / "thermo.csv", [f"{n} [{u}]" if u else n for n, u in THERMO_COLUMNS.items()], rows)


def _curves(path: Path, anion: str, former: str, spread: float, measured: bool) -> None:
    def peaks(x: np.ndarray, *spec: tuple[float, float, float]) -> np.ndarray:
        return sum((h * np.exp(-0.5 * ((x - c) / w) ** 2) for c, w, h in spec), np.zeros_like(x))

    r, q, angle = np.arange(0.025, 10, 0.05), np.arange(0.3, 20, 0.05), np.arange(0.5, 180)
    tail = np.where(r > 3.6, 1 + 0.3 * np.sin(3 * r) * np.exp(-r / 5), 0)
    folder = path / "curves"
    shells = {tuple(sorted((former, anion))): (1.62, 0.06, 25.0), (anion, anion): (2.63, 0.11, 5.0), (former, former): (3.1, 0.12, 6.0)}
    for (a, b), shell in shells.items():
        _curve(folder / f"rdf_{a}-{b}.csv", r, peaks(r, shell) + tail, "g(r)", ("Å", ""), f"{a}-{b}", spread)
    structure = 1 + peaks(q, (1.5, 0.3, 0.5), (2.9, 0.4, 0.2), (5.2, 0.6, 0.5)) - 0.9 * np.exp(-q / 0.8)
    for radiation in ("neutron", "xray"):
        _curve(folder / f"rdf_total_{radiation}.csv", r, peaks(r, *shells.values()) / 3 + tail, "g(r)", ("Å", ""), radiation, spread)
        _curve(folder / f"sq_{radiation}.csv", q, structure, "S(Q)", ("1/Å", ""), radiation, spread)
    _curve(folder / "t_of_r_neutron.csv", r, (peaks(r, *shells.values()) / 10 + 0.2 * r) / 3, "T(r)", ("Å", "barn/Å2"), "neutron", spread)
    if measured:
        i_of_q = 0.276 * (structure - 1)
        _curve(folder / "measured_i_of_q_neutron.csv", q, i_of_q * 1.04, "i(Q)", ("1/Å", "barn/sr/atom"), "measured", 0.004, source="a formula in a test")
        _curve(folder / "compared_i_of_q_neutron.csv", q, i_of_q, "i(Q)", ("1/Å", "barn/sr/atom"), "simulated", r_chi=0.04, r_chi_scaled=0.001, scale=1.04)
    for name, centre, width in ((f"{anion}-{former}-{anion}", 109.5, 6), (f"{former}-{anion}-{former}", 148, 13)):
        _curve(folder / f"angle_{name}.csv", angle, peaks(angle, (centre, width, 0.06)), "angle", ("°", "1/°"), name, spread / 50)
    time = np.linspace(1, 20e3, 200)
    for species, speed in ((former, 1.0), (anion, 1.6)):
        _curve(folder / f"msd_{species}.csv", time, speed * (0.5 + time / 1200), "MSD", ("fs", "Å2"), species)


def _tables(path: Path, anion: str, former: str) -> None:
    tables = path / "tables"
    tables.mkdir(exist_ok=True)
    for (centre, neighbour), mean, cases in (((former, anion), 3.99, {"3": 0.01, "4": 0.99}), ((anion, former), 2.0, {"2": 0.995, "3": 0.005})):
        shares = {n: Number(value) for n, value in cases.items()}
        about = {"cutoff": 2.3, "mean": mean, "group": "pairs"}
        write_population(tables / f"coordination_{centre}-{neighbour}.csv", Population("Neighbours", shares, axis="neighbours", metadata=about))
    header = ["quantity", "simulated", "spread", "unit", "measured", "measured_low", "measured_high", "source", "note"]
    rows = [
        ["density", 2.25, 0.01, "g/cm3", 2.203, 2.20, 2.21, "list of measured densities", ""],
        [f"{former}-{anion} distance", 1.615, 0.001, "Å", 1.62, 1.605, 1.625, "diffraction", "position of the first maximum"],
        ["drifted quantity", 1.2e-7, "", "", "", "", "", "", ""],
    ]
    _rows(tables / "summary.csv", header, rows)
    if anion == "O":
        fractions, measured = {"2": 0.02, "3": 0.28, "4": 0.70}, {"2": 0.01, "3": 0.30, "4": 0.69}
        populations = {
            f"qn_{former}": Population("Qn", {n: Number(f) for n, f in fractions.items()}, measured=measured, source="NMR of a test"),
            "oxygen": Population("Oxygen species", {"bridging": Number(0.85), "non-bridging": Number(0.15)}, measured={"bridging": 1.0, "non-bridging": 0.0}),
        }
        for name, population in populations.items():
            write_population(tables / f"{name}.csv", population)


def _document(formula: str, anion: str, former: str, seed: int, outcome: str) -> dict[str, object]:
    ended = 0.0
    stages = []
    for name, length, hot, cold in STAGES:
        ended += length
        programme = {"temperature": [hot, cold], "pressure": [0.0, 0.0]}
        stages.append({"name": name, "ensemble": "npt", "steps": int(length), "timestep": 1.0, "end_time": ended, **programme})
    results = {"melt_time": 20e3, "drift": -1e-4, "inherent_structure_energy": -19.23, "scattering": {former: 0.03}, "msd": {former: 17.2}, "relaxed": True}
    return {
        "kind": "melt_quench",
        "name": f"{formula} by teter",
        "outcome": outcome,
        "warnings": ["A warning with <angle brackets> & an ampersand."],
        "engine": "lammps",
        "engine_reason": "It runs this force field.",
        "settings": {"composition": formula, "n_atoms": 192, "rate": 0.05, "seed": seed},
        "composition": {"formula": formula, "deviation": "192 atoms, exactly as asked."},
        "atoms": {former: 64, anion: 128},
        "forcefield": {"name": "teter", "title": "Teter potential", "coulomb": "ewald", "our_choices": ["Cutoff 8 Å: the source is silent."], "notes": []},
        "density": {"value": 2.2, "source": "measured"},
        "resolved": {"formers": [former]},
        "engine_settings": {"pppm_order": 7},
        "versions": {"glasswright": "0.0-test", "lammps": "2025"},
        "citations": [{"text": "An author, A journal 1, 2 (2000)", "doi": "10.1000/1"}],
        "results": results,
        "stages": stages,
        "plan": [{"stage": name, "ensemble": "npt", "steps": int(length), "time_ps": length / 1e3} for name, length, *_ in STAGES],
    }


def write_synthetic_run(
    path: Path, *, formula: str = "SiO2", elements: tuple[str, str] = ("O", "Si"), seed: int = 1, stopped: bool = False, measured: bool = True
) -> Path:
    """A finished run directory, or with ``stopped`` one that died in its quench."""
    from ase.io import write

    anion, former = elements
    path.mkdir(parents=True, exist_ok=True)
    document = _document(formula, anion, former, seed, "running" if stopped else "done")
    if stopped:
        del document["stages"], document["results"]
    write_run_toml(path, document)
    _thermo(path, 192, seed, 60e3 if stopped else np.inf)
    if not stopped:
        write(path / "glass.extxyz", _glass(anion, former, seed), format="extxyz")
        _curves(path, anion, former, 0.0, measured)
        _tables(path, anion, former)
    return path


def write_synthetic_replicas(path: Path, count: int = 3) -> Path:
    """A set of replicas: members with curves of their own, and pooled curves with a spread."""
    for number in range(1, count + 1):
        write_synthetic_run(path / f"replica-{number:02d}", seed=number)
    document = {**_document("SiO2", "O", "Si", 1, "done"), "kind": "replicas"}
    document.pop("stages")
    write_run_toml(path, document)
    _curves(path, "O", "Si", 0.08, True)
    _tables(path, "O", "Si")
    return path


def _history(path: Path, seed: int, names: Sequence[str]) -> None:
    """A hybrid refinement from random atoms: residuals fall, energy falls and rises again when the data weigh more."""
    noise = np.random.default_rng(seed)
    header = ["moves", "time [s]", "stage", "r_chi", *(f"{p} {n}" for n in names for p in ("r_chi", "scale")), "energy [eV/atom]", "acceptance", "step [Å]"]
    rows = []
    for k, moves in enumerate([0, *np.geomspace(2e4, 4e7, 60).round()]):
        chi = [0.04 + 0.02 * i + 0.9 * np.exp(-k / 9) * (1 + 0.03 * noise.normal()) for i in range(len(names))]
        energy = 400.0 if k == 0 else -19.2 + 3.0 * np.exp(-k / 7) + 0.004 * max(k - 40, 0) + 0.01 * noise.normal()
        shares = [x for c in chi for x in (c, 1 - 0.02 * noise.normal())]
        stage = "anneal" if k < 40 else "equilibrate" if k < 50 else "sample"
        annealed = 3000 * 0.93 ** min(k, 40)
        rows.append(
            [int(moves), 1e-5 * moves, stage, np.mean(chi), *shares, energy, 0.6 * np.exp(-k / 20) + 0.1, max(0.1, 0.8 * 0.95**k), annealed, 1e-3, 1 + k]
        )
    _rows(path / "history.csv", [*header, "temperature [K]", "chi_temperature", "energy_weight"], rows)


def write_synthetic_refinement(path: Path, *, seed: int = 1, method: str = "hybrid", stopped: bool = False) -> Path:
    """A refinement of a small silica network against two curves made from it, that began from random atoms."""
    from ase.io import write

    from glasswright.composition import Composition
    from glasswright.experiment import Experiment
    from glasswright.io.experiments import DataSet, write_data_set

    path.mkdir(parents=True, exist_ok=True)
    glass = _glass("O", "Si", seed)
    document = _document("SiO2", "O", "Si", seed, "running" if stopped else "done")
    document |= {"kind": "refinement", "name": "a refinement", "settings": {"method": method, "seed": seed, "composition": "SiO2"}}
    results = {"energy": -19.1, "r_chi": {"neutron": 0.04, "xray": 0.06}, "moves": 40_000_000, "cpu_time": 400.0, "ended": "R_chi and U are flat."}
    document |= {"results": results}
    del document["stages"], document["plan"], document["engine"], document["engine_reason"]
    if stopped:
        del document["results"]
    write_run_toml(path, document)
    _history(path, seed, ("neutron", "xray"))
    q = np.arange(0.6, 18, 0.04)
    for name, radiation in (("neutron", "neutron"), ("xray", "xray")):
        y = np.sin(3.0 * q) * np.exp(-q / 12) * 0.5
        curve = Curve(q, y, None, "S(Q)-1", "1/Å", "", name, {"source": f"a formula for {name}s"})
        treatment = {"weight": 1.0, "scale": "fit"}
        write_data_set(path, DataSet(name, Experiment(curve, radiation, Composition("SiO2"), 2.2, (0.6, 18.0)), treatment))
    start = glass.copy()
    start.set_scaled_positions(np.random.default_rng(seed).random((len(start), 3)))
    write(path / "start.extxyz", start, format="extxyz")
    if not stopped:
        write(path / "glass.extxyz", glass, format="extxyz")
    return path


@pytest.fixture(scope="session")
def synthetic_refinement() -> Callable[..., Path]:
    return write_synthetic_refinement


@pytest.fixture(scope="session")
def synthetic_run() -> Callable[..., Path]:
    return write_synthetic_run


@pytest.fixture(scope="session")
def synthetic_replicas() -> Callable[..., Path]:
    return write_synthetic_replicas
