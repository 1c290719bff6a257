"""The JAX engine against jax-md: force evaluations, whole NVT steps, and what gradients cost.

All run the same melt by jax-md's BKS silica (its own form, ordered sparse lists, its best) at 8 Å in single precision, on one core, in
processes that take turns; forces are compared before anything is timed. Steps are of 1 fs at 3000 K with a Nosé-Hoover thermostat, lists of
neighbours included. The time is that of the processor.

Run it as ``make bench-jax``, or as ``python benchmarks/differentiable.py --atoms 3000`` for the figures of the goals alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from md import RESULTS, Contestant, Place, processor, race, say, show

CUTOFF = 8.0
SIZES = (648, 3000, 24000)
KINDS = {"force": "one evaluation of all forces", "step": "one step of NVT dynamics", "gradient": "one gradient of a force-matching loss"}
TOLERANCE = 1e-4
"""Of forces, relative to those of the compiled core in double precision."""


def contestants(place: Place, n: int, kind: str, exact: np.ndarray) -> list[Contestant]:
    """All that do one kind of thing."""
    ours = Contestant(f"glasswright {kind} in JAX", partial(place.jax_engine, n, CUTOFF, kind), exact, TOLERANCE)
    if kind == "gradient":
        return [ours]
    peers = [Contestant(f"jax-md {kind}", partial(place.jax_md, n, CUTOFF, 1, kind), exact, 1e-3)] if place.options.jax_python else []
    if kind == "force":
        return [ours, *peers]
    kernel = Contestant("step in JAX, forces from the compiled core", partial(place.jax_engine, n, CUTOFF, "kernel"), exact, TOLERANCE)
    native = Contestant("step of the native engine", partial(place.product, n, "jax-md", CUTOFF, 1), exact, TOLERANCE)
    return [ours, *peers, kernel, native]


def goals(races: dict[tuple[int, str], list[Contestant]]) -> list[tuple[str, float, str, float, bool]]:
    """What was aimed at: words, ratio, how it compares, goal, whether it is reached."""

    def pace(n: int, kind: str, start: str) -> float:
        return next((e.pace for e in races.get((n, kind), []) if e.name.startswith(start)), np.nan)

    rows = []
    for n in SIZES:
        force, step = pace(n, "force", "glasswright"), pace(n, "step", "glasswright")
        rows += [
            (f"{n} atoms: jax-md's force evaluation over ours", pace(n, "force", "jax-md") / force, ">=", 8.0),
            (f"{n} atoms: jax-md's NVT step over ours", pace(n, "step", "jax-md") / step, ">=", 15.0),
            (f"{n} atoms: a step with the core's forces over one of the native engine", pace(n, "step", "step in JAX") / pace(n, "step", "step of"), "<=", 1.3),
            (f"{n} atoms: gradient of a force loss over a force evaluation", pace(n, "gradient", "glasswright") / force, "<=", 3.0),
        ]
    return [(words, ratio, sign, goal, ratio >= goal if sign == ">=" else ratio <= goal) for words, ratio, sign, goal in rows if np.isfinite(ratio)]


def record(races: dict[tuple[int, str], list[Contestant]], reached: list[tuple[str, float, str, float, bool]], options: argparse.Namespace) -> None:
    runs = [
        {"atoms": n, "kind": kind, "name": e.name, "force_error": e.error, "steps": e.steps, "outcome": e.outcome, "wall_and_processor_seconds": e.taken}
        for (n, kind), entries in races.items()
        for e in entries
    ]
    machine = {"processor": processor(), "cores": os.cpu_count(), "load": os.getloadavg(), "system": platform.platform(), "python": platform.python_version()}
    versions = {name: metadata.version(name) for name in ("glasswright", "jax", "jaxlib", "jax-md", "numpy") if find_spec(name.replace("-", "_"))}
    everything = {
        "date": time.strftime("%Y-%m-%d %H:%M"), "options": vars(options), "runs": runs, "goals": reached, "versions": versions, "machine": machine
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "jax.json").write_text(json.dumps(everything, indent=1, default=str), encoding="utf-8")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atoms", type=int, nargs="*", default=list(SIZES), choices=SIZES)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one turn")
    parser.add_argument("--jax-python", default=sys.executable, help="a Python that has jax-md, where this one has not")
    options = parser.parse_args()
    if options.jax_python == sys.executable and not find_spec("jax_md"):
        say("jax-md is not installed here (pip install 'glasswright[bench]') and left out.")
        options.jax_python = ""
    return options


def main() -> None:
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
    options = read_options()
    races: dict[tuple[int, str], list[Contestant]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(Path(scratch), options)
        for n in options.atoms:
            with place.product(n, "jax-md", CUTOFF, 1, precision="double") as native:
                exact = native.answer()
            for kind in options.kinds:
                races[n, kind] = entries = contestants(place, n, kind, exact)
                race(entries, options.turns, options.seconds)
                show(f"{n} atoms of BKS silica, {KINDS[kind]}", n, entries)
    print()
    reached = goals(races)
    for words, ratio, sign, goal, good in reached:
        print(f"{words:80s}{ratio:8.2f}   goal {sign} {goal:<5g} {'reached' if good else 'FALLS SHORT'}")
    record(races, reached, options)


if __name__ == "__main__":
    main()
