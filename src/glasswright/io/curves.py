"""Curves as CSV: ``# key: value`` lines, a header row, then x, y and, where known, sigma."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..curve import Curve
from ..errors import InputError
from .atomic import write_text

_TEXTS = ("kind", "x_unit", "y_unit", "label")


def write_curve(path: Path, curve: Curve) -> None:
    """Write a curve, atomically; ``read_curve`` gives the same curve back (numbers to nine digits)."""
    lines = [f"# {name}: {getattr(curve, name)}" for name in _TEXTS]
    lines.append(f"# metadata: {json.dumps(dict(curve.metadata), ensure_ascii=False, default=plain)}")
    columns = [curve.x, curve.y] + ([] if curve.sigma is None else [curve.sigma])
    lines.append(",".join(("x", "y", "sigma")[: len(columns)]))
    lines += [",".join(f"{value:.9g}" for value in row) for row in zip(*columns, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(lines) + "\n")


def read_curve(path: str | Path) -> Curve:
    """Read a curve that ``write_curve`` wrote.

    Raises
    ------
    InputError
        If the file is no such table.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        texts = {key: value for key, _, value in (line[2:].partition(":") for line in lines if line.startswith("# "))}
        body = [line for line in lines if line and not line.startswith("#")]
        names = body[0].split(",")
        if names not in (["x", "y"], ["x", "y", "sigma"]):
            raise ValueError(f"its header row is {body[0]!r}")
        values = np.array([[float(v) for v in line.split(",")] for line in body[1:]]).reshape(-1, len(names))
        metadata = json.loads(texts.pop("metadata", "{}") or "{}")
    except (OSError, UnicodeDecodeError, ValueError, IndexError) as error:
        raise InputError(f"{path} is no curve.", f"{error}.", "Curves are written by `glasswright analyze`.") from None
    sigma = values[:, 2] if len(names) == 3 else None
    return Curve(values[:, 0], values[:, 1], sigma, metadata=metadata, **{name: texts.get(name, "").strip() for name in _TEXTS})


def plain(value: object) -> object:
    """NumPy scalars and mappings as JSON knows them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
