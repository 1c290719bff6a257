"""Sphinx configuration; what can be read off the package is generated, so that no page goes stale."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from glasswright.library.forcefields import forcefield_names, load_forcefield

project = "glasswright"
author = "The glasswright developers"
copyright = "2026, the glasswright developers"
release = importlib.metadata.version("glasswright")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "glasswright"
exclude_patterns = ["_build", "examples"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
nitpicky = False


def _forcefields() -> str:
    rows = ["| name | what | elements | Coulomb | range |", "|---|---|---|---|---|"]
    for name in forcefield_names():
        ff = load_forcefield(name)
        rows.append(f"| `{ff.name}` | {ff.title} | {' '.join(sorted(ff.validity.elements))} | {ff.coulomb.method} | {ff.validity.composition} |")
    return "\n".join(rows) + "\n"


generated = Path(__file__).parent / "_build" / "generated"
generated.mkdir(parents=True, exist_ok=True)
(generated / "forcefields.md").write_text(_forcefields(), encoding="utf-8")
