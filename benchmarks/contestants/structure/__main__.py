"""One contestant in a process of its own: ``python -m contestants.structure TASK CODE structure.npz answer.npz`` prints what it took as JSON."""

from __future__ import annotations

import json
import resource
import sys
import warnings
from pathlib import Path

import numpy as np
from ase import Atoms

from . import CONTESTANTS
from .measure import timed

MEMORY = 12_000_000_000
"""What a contestant may take [bytes]."""


def main() -> None:
    task, code, structure, answer = sys.argv[1:]
    warnings.simplefilter("ignore")
    stored = np.load(structure)
    atoms = Atoms(stored["numbers"], stored["positions"], cell=stored["cell"], pbc=True)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.RLIM_INFINITY))
    try:
        call = CONTESTANTS[task, code](atoms, Path(structure).parent)
        found, cpu, wall, peak = timed(call)
    except ModuleNotFoundError as error:
        print(json.dumps({"outcome": f"not installed ({error.name})"}))
        return
    except MemoryError:
        print(json.dumps({"outcome": f"> {MEMORY / 1e9:.0f} GB"}))
        return
    np.savez(answer, **found)
    print(json.dumps({"cpu": cpu, "wall": wall, "memory": peak}))


if __name__ == "__main__":
    main()
