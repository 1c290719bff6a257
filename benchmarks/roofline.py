"""What limits a step: pairs, operations and bytes per atom against what one core can do.

Measures the peaks of the machine with a small program compiled for it, times the parts of a step of a silica melt alone, and counts
what they have to do. Times are those of the processor. Run it as ``make bench-roofline``.
"""

from __future__ import annotations

import ctypes
import json
import math
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from contestants.models import forcefield

from glasswright.engines import get_engine
from glasswright.engines.native.engine import NativeEngine
from glasswright.engines.native.interactions import Interactions
from glasswright.native import core
from glasswright.packing import pack

HERE = Path(__file__).parent
CACHES = {"16 kB": 16 << 10, "512 kB": 512 << 10, "8 MB": 8 << 20, "64 MB": 64 << 20}
SIZES = {3000: 1, 24000: 2, 192000: 4}
PAIR_FLOPS = 13
"""Per listed pair besides the polynomial: 3 conversions and 3 products for a vector, 5 for r², 2 to keep it inside the table."""
PAIR_SUMS = 6
"""Per listed pair: three multiply-adds of the force."""
PAIR_BYTES = 20
"""Per listed pair: an index and a place in 16 bytes."""


def probe() -> dict[str, float]:
    """Peaks of one core, per second."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "probe.so"
        flags = ["-std=c++20", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]
        subprocess.run(["g++", *flags, "-o", str(library), str(HERE / "contestants" / "probe.cpp")], check=True)
        program = ctypes.CDLL(str(library))
        found = {}
        for name in ("multiply_adds", "permutations"):
            function = getattr(program, name)
            function.restype = ctypes.c_double
            found[name] = function()
        for name in ("loads", "records"):
            function = getattr(program, name)
            function.restype, function.argtypes = ctypes.c_double, [ctypes.c_size_t]
            found |= {f"{name} {cache}": function(size) for cache, size in CACHES.items()}
    return found


def pace(run: Callable[[int], Any], least: int = 4, repeats: int = 5) -> float:
    """Seconds per step, the least of some runs of a tenth of a second or more."""
    best, steps = math.inf, least
    for _ in range(repeats):
        start = time.process_time()
        run(steps)
        best = min(best, (time.process_time() - start) / steps)
        steps = max(least, int(0.1 / best))
    return best


def moving(interactions: Interactions, atoms: Atoms, forces: Any, temperature: float) -> Any:
    """A simulation at constant energy; at 0 K with steps so short that no list is ever made anew."""
    random = np.random.default_rng(1)
    masses = interactions.atom_masses[:, None]
    velocities = random.normal(size=(len(atoms), 3)) * np.sqrt(8.617333262e-5 * temperature / (masses * 103.6426965268))
    simulation = core().Dynamics(forces, np.ascontiguousarray(atoms.positions), velocities, np.ascontiguousarray(atoms.cell[:]), interactions.bound.masses)
    simulation.set_motion(ensemble="nve", timestep=1.0 if temperature else 1e-6, n_steps=10**9)
    simulation.run(1)
    return simulation


def parts(atoms: Atoms, cutoff: float, accuracy: float) -> dict[str, float]:
    """Nanoseconds per atom and step of each part, and what they count."""
    n, cell = len(atoms), np.array(atoms.cell)
    dsf = NativeEngine().interactions(forcefield("bks/dsf", cutoff), atoms)
    forces = dsf.forces(None)
    still = moving(dsf, atoms, forces, 0.0)
    near = pace(still.run)
    pairs, degree, radius = forces.pairs, dsf.tables.degree, forces.list_radius
    empty = moving(dsf, atoms, core().Forces(dsf.bound.types), 0.0)
    integration = pace(empty.run)
    whole = pace(moving(dsf, atoms, dsf.forces(None), 3000.0).run, least=60)
    ewald = NativeEngine(accuracy=accuracy).interactions(forcefield("bks", cutoff), atoms)
    settings = ewald.far_field(cell)
    mesh = core().Forces(ewald.bound.types, far_field=settings.build(ewald.bound.charges.tolist()))
    far = pace(moving(ewald, atoms, mesh, 0.0).run)
    within = 4 / 3 * math.pi * cutoff**3 * n / atoms.get_volume()
    scale = 1e9 / n
    return {
        "pairs listed per atom": pairs / n,
        "pairs within the cutoff": within,
        "list radius": radius,
        "degree": degree,
        "near field [ns]": (near - integration) * scale,
        "neighbour list [ns]": (whole - near) * scale,
        "integration [ns]": integration * scale,
        "far field [ns]": (far - integration) * scale,
        "Ewald cutoff": settings.split.cutoff,
        "mesh points": math.prod(settings.points),
        "mesh width": settings.width,
    }


def main() -> None:
    peaks = probe()
    (HERE / "results").mkdir(exist_ok=True)
    print("one core of this machine can do, per second:")
    for name, value in peaks.items():
        print(f"  {name:20s}{value / 1e9:10.2f} G{'B' if name.startswith('loads') else ''}")
    atoms = melt()
    results = {}
    for n, copies in SIZES.items():
        found = results[n] = parts(atoms.repeat(copies), 8.0, 1e-4)
        print(f"\n{n} atoms, 8 Å, mesh for 1e-4")
        for name, value in found.items():
            print(f"  {name:28s}{value:10.2f}")
        time_per_pair = found["near field [ns]"] / found["pairs listed per atom"]
        flops = PAIR_FLOPS + PAIR_SUMS + 2 * found["degree"]
        shares = {
            "of multiply-adds": flops / time_per_pair / (peaks["multiply_adds"] / 1e9),
            "of permutations": (found["degree"] + 1) / time_per_pair / (peaks["permutations"] / 1e9),
            "of records from 512 kB": 1 / time_per_pair / (peaks["records 512 kB"] / 1e9),
            "of loads from 512 kB": PAIR_BYTES / time_per_pair / (peaks["loads 512 kB"] / 1e9),
        }
        found |= {f"near field, share {name}": share for name, share in shares.items()}
        said = ", ".join(f"{share:.0%} {name}" for name, share in shares.items())
        print(f"  {flops:.0f} operations and {PAIR_BYTES} bytes per listed pair, {time_per_pair:.3f} ns: {said}")
    (HERE / "results" / "roofline.json").write_text(json.dumps({"peaks": peaks, "parts": results}, indent=1), encoding="utf-8")


def melt() -> Atoms:
    """3000 atoms of silica, random and pushed apart, then hot for a picosecond."""
    from glasswright.stage import Stage

    atoms, ff = pack("SiO2", n_atoms=3000, seed=1), forcefield("bks/dsf", 8.0)
    with tempfile.TemporaryDirectory() as folder, get_engine("native", ff)[0].open(atoms, ff, Path(folder)) as simulation:
        simulation.set_velocities(3000.0, seed=1)
        simulation.start(Stage("push-off", "nvt", 1000, 0.5, (3000.0, 3000.0), max_displacement=0.05))
        simulation.advance(1000)
        simulation.start(Stage("melt", "nvt", 1000, 1.0, (3000.0, 3000.0)))
        atoms.positions = simulation.advance(1000).positions
    atoms.wrap()
    return atoms


if __name__ == "__main__":
    main()
