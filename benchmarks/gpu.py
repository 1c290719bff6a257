"""Atom-steps per second on an accelerator: NVT dynamics of BKS silica, from 3000 to 1.5 million atoms and in batches of 64, against jax-md.

Runs anywhere JAX finds a GPU or TPU, and says so where it finds none; it has not been run on one yet. The melts are copies of one of 3000
atoms, by jax-md's form of BKS at 8 Å. glasswright evaluates forces in single precision and integrates in double; jax-md does both in single
precision. Contestants are processes that run one after another, since each takes the whole device. The time is that of the clock, the median of
several turns after all is compiled; forces are compared before.

Run it as ``make bench-gpu``, or as ``python benchmarks/gpu.py --atoms 3000 24000``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from contestants.search import error
from contestants.worker import Failed, TooSlow, Worker
from md import RESULTS, SIZES, Place, say

COPIES = {3000: 1, 24000: 2, 192000: 4, 648000: 6, 1536000: 8}
"""Atoms → copies of the melt along an edge."""
BATCH = 64
CUTOFF = 8.0
TOLERANCE = 1e-3
"""Of forces, relative to those of the compiled core."""
SIZES |= {n: (5, copies) for n, copies in COPIES.items()}


def device() -> str | None:
    """The accelerator that JAX finds, asked in a process that lets go of it again."""
    question = "import jax; d = jax.devices()[0]; print(d.platform, d.device_kind, sep=chr(9))"
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=False)
    platform_name, _, kind = answer.stdout.strip().rpartition("\n")[2].partition("\t")
    return kind if platform_name in ("gpu", "cuda", "rocm", "tpu") else None


def timed(name: str, n: int, batch: int, start: Callable[[], Worker], exact: np.ndarray | None, options: argparse.Namespace) -> dict[str, Any]:
    """One contestant: its name, what it reached, or why it did not."""
    found: dict[str, Any] = {"name": name, "atoms": n, "batch": batch, "seconds_per_step": []}
    try:
        with start() as worker:
            if exact is not None and not (wrong := error(worker.answer(), exact)) <= TOLERANCE:
                return found | {"outcome": f"force error {wrong:.1e}"}
            worker.run(50)
            pilot = worker.run(50)[0] / 50
            steps = int(np.clip(options.seconds / pilot, 50, 5000))
            found["seconds_per_step"] = [worker.run(steps)[0] / steps for _ in range(options.turns)]
    except (TooSlow, Failed) as problem:
        return found | {"outcome": "> 120 s" if isinstance(problem, TooSlow) else str(problem)}
    return found | {"atom_steps_per_second": n * batch / statistics.median(found["seconds_per_step"])}


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atoms", type=int, nargs="*", default=list(COPIES), choices=list(COPIES))
    parser.add_argument("--batch-of", type=int, nargs="*", default=[3000], choices=list(COPIES), help=f"atoms of each of {BATCH} replicas")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one turn")
    parser.add_argument("--jax-python", default=sys.executable, help="a Python that has jax-md, where this one has not")
    parser.add_argument("--anywhere", action="store_true", help="run on the processor as well, to try the script")
    return parser.parse_args()


def main() -> None:
    options = read_options()
    on = device()
    if on is None and not options.anywhere:
        print("JAX finds no GPU or TPU here, so nothing was measured. (On a machine with one: pip install -U 'jax[cuda12]'.)")
        return
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    cores = os.cpu_count() or 1
    peers = find_spec("jax_md") is not None or options.jax_python != sys.executable
    if not peers:
        say("jax-md is not installed here (pip install 'glasswright[bench]') and left out.")
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(Path(scratch), options)
        with place.product(3000, "jax-md", CUTOFF, 1, precision="double") as native:
            exact = native.answer()
        rows = [(n, 1) for n in options.atoms] + [(n, BATCH) for n in options.batch_of]
        print(f"{on or 'processor'}\n\n{'':24s}{'atoms':>16s}{'M atom-steps/s':>18s}{'ms per step':>14s}")
        for n, batch in rows:
            forces = np.tile(exact, (COPIES[n] ** 3, 1)) if batch == 1 else None
            contestants = [("glasswright", partial(place.jax_engine, n, CUTOFF, "step" if batch == 1 else "batch", threads=cores, batch=batch))]
            contestants += [("jax-md", partial(place.jax_md, n, CUTOFF, cores, "step", batch))] if peers else []
            for name, start in contestants:
                runs.append(found := timed(name, n, batch, start, forces, options))
                size = f"{batch} x {n}" if batch > 1 else str(n)
                if "outcome" in found:
                    print(f"{name:24s}{size:>16s}{found['outcome']:>32s}", flush=True)
                else:
                    pace = statistics.median(found["seconds_per_step"])
                    print(f"{name:24s}{size:>16s}{found['atom_steps_per_second'] / 1e6:18.3f}{1e3 * pace:14.3f}", flush=True)
    versions = {name: metadata.version(name) for name in ("glasswright", "jax", "jaxlib", "jax-md", "numpy") if find_spec(name.replace("-", "_"))}
    about = {"date": time.strftime("%Y-%m-%d %H:%M"), "device": on, "options": vars(options), "system": platform.platform(), "versions": versions}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "gpu.json").write_text(json.dumps(about | {"runs": runs}, indent=1, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
