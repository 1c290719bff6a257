"""glasswright makes, refines, understands and designs glasses atom by atom."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import analysis as analysis
    from .composition import Composition as Composition
    from .curve import Curve as Curve
    from .engines import calculator as calculator
    from .engines import potential as potential
    from .errors import GlasswrightError as GlasswrightError
    from .errors import InputError as InputError
    from .experiment import Experiment as Experiment
    from .forcefield import ForceField as ForceField
    from .io.run import Run as Run
    from .library import measurements as measurements
    from .library.forcefields import load_forcefield as load_forcefield
    from .packing import pack as pack
    from .report import write_report as write_report
    from .stage import Stage as Stage
    from .workflows.analyze import analyze as analyze
    from .workflows.compare import compare as compare
    from .workflows.md import md as md
    from .workflows.md import minimize as minimize
    from .workflows.quench import plan_quench as plan_quench
    from .workflows.quench import quench as quench
    from .workflows.refine import refine as refine
    from .workflows.resume import resume as resume
    from .workflows.scorecard import scorecard as scorecard

    read_run = Run

# Public name → (module, name there). Loaded at first use (PEP 562), so that `import glasswright` costs nothing.
_PUBLIC = {
    "Composition": ("composition", "Composition"),
    "Curve": ("curve", "Curve"),
    "Experiment": ("experiment", "Experiment"),
    "ForceField": ("forcefield", "ForceField"),
    "GlasswrightError": ("errors", "GlasswrightError"),
    "InputError": ("errors", "InputError"),
    "Run": ("io.run", "Run"),
    "Stage": ("stage", "Stage"),
    "analysis": ("analysis", None),
    "analyze": ("workflows.analyze", "analyze"),
    "calculator": ("engines", "calculator"),
    "compare": ("workflows.compare", "compare"),
    "load_forcefield": ("library.forcefields", "load_forcefield"),
    "md": ("workflows.md", "md"),
    "measurements": ("library.measurements", None),
    "minimize": ("workflows.md", "minimize"),
    "pack": ("packing", "pack"),
    "plan_quench": ("workflows.quench", "plan_quench"),
    "potential": ("engines", "potential"),
    "quench": ("workflows.quench", "quench"),
    "read_run": ("io.run", "Run"),
    "refine": ("workflows.refine", "refine"),
    "resume": ("workflows.resume", "resume"),
    "scorecard": ("workflows.scorecard", "scorecard"),
    "write_report": ("report", "write_report"),
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("glasswright")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'glasswright' has no attribute {name!r}")
    module_name, attribute = _PUBLIC[name]
    module = import_module(f".{module_name}", __name__)
    value = module if attribute is None else getattr(module, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC, "__version__"})
