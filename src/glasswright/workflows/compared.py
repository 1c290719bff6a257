"""A comparison on disk: curves, residuals and the picture."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import InputError
from ..io.atomic import write_text
from ..io.curves import write_curve
from ..report.comparison import plot_score
from ..result import Score


def write_comparison(out: Path, score: Score) -> list[Path]:
    """Write ``measured.csv``, ``simulated.csv``, ``fitted.csv``, ``residual.csv``, ``residual_fitted.csv``, ``score.json`` and the picture
    ``comparison.svg`` and ``.png``; the paths are returned.

    Raises
    ------
    InputError
        If the directory cannot be written.
    """
    from ..report.palette import style

    names = ("r_chi", "r_chi_error", "r_chi_scaled", "r_chi_scaled_error", "scale", "scale_error", "chi_squared", "chi_squared_scaled", "points", "policy")
    values = {name: getattr(score, name) for name in names}
    values |= {"background": list(score.background), "resolution": list(score.resolution), "sentence": score.sentence, "warnings": list(score.warnings)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths = [out / f"{name}.csv" for name in score.curves]
        for path, curve in zip(paths, score.curves.values(), strict=True):
            write_curve(path, curve)
        write_text(out / "score.json", json.dumps(values, indent=1, ensure_ascii=False) + "\n")
        figure = plot_score(score)
        pictures = [out / "comparison.svg", out / "comparison.png"]
        with style():
            for picture in pictures:
                figure.savefig(picture, dpi=200)
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise InputError(f"The comparison cannot be written to {out}.", str(error), "Give another directory with --out.") from None
    return [*paths, out / "score.json", *pictures]
