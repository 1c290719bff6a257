"""Run, or go on with, the refinement in a run directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..refinement.driver import Driver, Ended
from ..refinement.history import Block, joint
from ..refinement.problem import Problem
from ..refinement.stopping import Outcome
from .progress import Show
from .refinement_job import restore_refinement

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


def drive_refinement(path: Path, show: Show, calculator: Calculator | None = None) -> dict[str, Any]:
    """Carry a refinement to its end; what run.toml then says of it."""
    job = restore_refinement(path, calculator)
    problem = job.problem
    ended = Driver(job.method, problem, path).run(lambda block, fraction: show(fraction, _words(problem, block)))
    warnings = [str(ended.outcome)] if ended.outcome in (Outcome.SPENT, Outcome.LIMIT) else []
    return {"warnings": warnings, "results": _results(problem, ended)}


def _results(problem: Problem, ended: Ended) -> dict[str, Any]:
    history = ended.history
    last = {name: float(history[name][-1]) for name in history.columns if name != "stage"}
    results: dict[str, Any] = {"ended": str(ended.outcome), "moves": ended.moves, "cpu_time": ended.seconds, "energy": last.get("energy")}
    if problem.targets:
        results["r_chi"] = {t.name: last[f"r_chi {t.name}"] for t in problem.targets}
        results["scale"] = {t.name: last[f"scale {t.name}"] for t in problem.targets}
        results["r_chi_joint"] = last["r_chi"]
    return results


def _words(problem: Problem, block: Block) -> str:
    """``anneal: R_chi 0.052, U -18.21 eV/atom, 23 % accepted``."""
    words = [f"R_chi {joint(block.r_chi, problem.weights):.3f}"] if block.r_chi else []
    words += [f"U {block.energy:.3f} eV/atom"] if block.energy is not None else []
    words += [f"{100 * block.acceptance:.0f} % accepted"] if block.acceptance is not None else []
    return f"{block.stage}: {', '.join(words)}"
