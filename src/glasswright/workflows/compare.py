"""A model against a measured curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from ..analysis.frames import Pair, frames_of
from ..analysis.sample import Q_MAX
from ..analysis.scattering.agreement import WIDEST, Agreement, Freedom, agreement, chi_squared, fitted_resolution
from ..analysis.scattering.as_measured import (
    Resolution,
    Sharp,
    as_measured,
    counted_rdf,
    equal_bins,
    highest_q,
    normalisation,
    resolution_of,
    sharp,
    within_reach,
)
from ..analysis.scattering.partials import PartialSamples
from ..analysis.scattering.shells import PairShells, pair_shells
from ..analysis.scattering.structure_factor import Method, sample_partials
from ..curve import Curve
from ..errors import InputError
from ..experiment import Experiment
from ..io.run import Run
from ..result import Score
from ..targets.curve_doubts import data_doubts
from ..targets.plausibility import differences, same_elements
from .samples import Reading, file_sample, run_sample

if TYPE_CHECKING:
    from ase import Atoms

Source: TypeAlias = "Run | Atoms | Sequence[Atoms] | str | Path"
FAR_FROM_ONE = 0.15
"""A fitted scale further from 1 than this is pointed out: instruments are known to disagree by up to 13 % (vitreous silica)."""
Blur = Literal["given", "fit", "none"]
Sums = Callable[[NDArray[np.float64]], PartialSamples]


@overload
def compare(
    source: Source,
    experiment: Experiment,
    *,
    scale: bool = True,
    background: int | None = None,
    resolution: Blur = "given",
    method: Method = "transform",
    q_width: float = 0.1,
    types: str | None = None,
) -> Score: ...


@overload
def compare(
    source: Source,
    experiment: Sequence[Experiment],
    *,
    scale: bool = True,
    background: int | None = None,
    resolution: Blur = "given",
    method: Method = "transform",
    q_width: float = 0.1,
    types: str | None = None,
) -> list[Score]: ...


def compare(
    source: Source,
    experiment: Experiment | Sequence[Experiment],
    *,
    scale: bool = True,
    background: int | None = None,
    resolution: Blur = "given",
    method: Method = "transform",
    q_width: float = 0.1,
    types: str | None = None,
) -> Score | list[Score]:
    """Score a model against a measured curve, or several, as the instrument would have seen the model.

    Parameters
    ----------
    source
        One periodic configuration or several, a run, or the path of a run directory or structure file. Of a set of replicas each
        counts as one configuration.
    experiment
        The measured curve; a sequence of them gives a list of scores.
    scale
        Fit a factor on the simulated curve for ``r_chi_scaled``.
    background
        Degree of a polynomial in Q that is added to S(Q) - 1 for ``r_chi_scaled``; None: none. Curves in Q only.
    resolution
        ``given``: as stated with the experiment; ``fit``: constant and ΔQ/Q are fitted too, and both residuals have them; ``none``.
    method
        How S(Q) is computed: ``transform`` of g(r) up to half the box, or ``direct`` sum over its reciprocal lattice, in bins of ``q_width`` [1/Å].
    types
        Elements of LAMMPS types 1, 2, ... for files that name none: ``"Si,O"``.

    Raises
    ------
    InputError
        If the model is made of other elements than the sample, or nothing of the curve can be compared.
    """
    freedom = Freedom(scale, background)
    experiments = [experiment] if isinstance(experiment, Experiment) else list(experiment)
    if not experiments or not all(isinstance(e, Experiment) for e in experiments):
        raise InputError("There is no experiment to compare with.", mend="Give an Experiment, or a sequence of them.")
    if method not in ("transform", "direct"):
        raise InputError(f"The method {method!r} is unknown.", mend="Use transform or direct.")
    frames, sizes = _frames(source, types)
    for one in experiments:
        same_elements(sorted(set(frames[0].symbols)), one)
    # At least as far as an analysis counts: the same score, whatever else is compared along.
    counted = pair_shells(frames, max(Q_MAX, *(highest_q(e) for e in experiments)))
    shells = replace(counted, excess=_means(counted.excess, sizes))

    def direct(q: NDArray[np.float64]) -> PartialSamples:
        summed = sample_partials(frames, q, "direct", q_width)
        return replace(summed, samples=_means(summed.samples, sizes))

    def of(one: Experiment) -> PairShells:
        """Shells that lie within the bins of a curve that was counted in bins itself."""
        width = equal_bins(one.curve.x) if one.counted else None
        if width is None:
            return shells
        own = pair_shells(frames, Q_MAX, width)
        return replace(own, excess=_means(own.excess, sizes))

    scores = [compare_shells(of(one), one, freedom, resolution, direct if method == "direct" else None) for one in experiments]
    return scores[0] if isinstance(experiment, Experiment) else scores


def compare_shells(shells: PairShells, experiment: Experiment, freedom: Freedom | None = None, resolution: Blur = "given", sums: Sums | None = None) -> Score:
    """As ``compare``, from pairs that were counted before; ``sums`` gives S(Q) in another way than their transform."""
    freedom = freedom or Freedom()
    if freedom.background is not None and not experiment.in_q:
        raise InputError("A background is fitted in Q only.", f"The curve is a {experiment.kind.name}.", "Leave background out.")
    if resolution not in ("given", "fit", "none"):
        raise InputError(f"resolution = {resolution!r} is not possible.", mend='Use "given", "fit" or "none"; widths are stated with the experiment.')
    warnings = [*experiment.doubts, *differences(shells.fractions, shells.density, experiment), *data_doubts(experiment, shells.density)]
    part = within_reach(experiment, shells.r_max, exact=sums is not None)
    if part.counted:
        resolution = "none"
    x = part.curve.x
    widest = {"given": resolution_of(part), "none": Resolution(), "fit": WIDEST}[resolution]
    model = counted_rdf(shells, part) if part.counted else sharp(sums or shells.partials, shells.density, shells.q_max, part, widest)
    factor, offset = normalisation(part, part.composition.atom_fractions, part.number_density or shells.density)
    measured = (part.curve.y - offset) / factor
    sigma = None if part.curve.sigma is None else part.curve.sigma / np.abs(factor)
    blur = widest
    if resolution == "fit":
        mean = replace(model, excess=model.excess.mean(axis=0, keepdims=True))
        blur = fitted_resolution(x, measured, lambda b: as_measured(mean, part, b), freedom, in_q=part.in_q)
    samples = as_measured(model, part, blur)
    found = agreement(x, measured, samples, freedom, in_q=part.in_q)
    chi = chi_squared(measured - found.simulated, sigma), chi_squared(measured - found.fitted, sigma)
    if freedom.scale and abs(found.scale - 1) > FAR_FROM_ONE:
        why = "instruments disagree by up to 13 % on the same glass; beyond that look at kind, isotopes, composition and density"
        warnings.append(f"The fitted scale, {found.scale:.2f}, is far from 1: {why}.")
    where = f"{'Q' if part.in_q else 'r'} {x[0]:.2f} to {x[-1]:.2f} {part.curve.x_unit}"
    words = _words(freedom, blur if resolution == "fit" else None)
    about: dict[str, object] = {"r_chi": found.r_chi, "r_chi_scaled": found.r_chi_scaled, "scale": found.scale, "policy": words, "compared": where}
    about |= {"resolution": blur.sentence, "window": part.window}
    about |= {} if part.counted else {"q_range": list(part.q_range or (float(model.q[0]), float(model.q[-1])))}
    about |= {"warnings": warnings} if warnings else {}
    curves = _curves(experiment, part, model, samples, found, (factor, offset), about)
    sentence = " ".join([_sentence(part, found, where, words, chi[1]), *warnings])
    errors: tuple[float | None, ...] = found.errors or (None, None, None)
    return Score(
        r_chi=found.r_chi,
        r_chi_scaled=found.r_chi_scaled,
        scale=found.scale,
        policy=words,
        curves=curves,
        sentence=sentence,
        r_chi_error=errors[0],
        r_chi_scaled_error=errors[1],
        scale_error=errors[2],
        chi_squared=chi[0],
        chi_squared_scaled=chi[1],
        background=found.background,
        resolution=(blur.constant, blur.relative),
        points=len(x),
        warnings=tuple(warnings),
    )


def _frames(source: Source, types: str | None) -> tuple[Sequence[Atoms], list[int]]:
    """All configurations, and how many of them in a row count as one: those of one replica."""
    if isinstance(source, str | Path):
        path = Path(source)
        source = Run(path) if path.is_dir() else file_sample(path, Reading(types))[0].frames
    if not isinstance(source, Run):
        frames = frames_of(source)
        return frames, [1] * len(frames)
    replicas = [r for r in source.replicas if (r.path / "glass.extxyz").is_file()]
    if not replicas:
        raise InputError(f"{source.path} has no glass yet.", f"Its outcome is: {source.outcome}", f"Type `glasswright resume {source.path}`.")
    groups = [run_sample(replica).frames for replica in replicas]
    sizes = [len(g) for g in groups] if len(groups) > 1 else [1] * len(groups[0])
    return frames_of([atoms for group in groups for atoms in group]), sizes


def _means(samples: Mapping[Pair, NDArray[np.float64]], sizes: Sequence[int]) -> dict[Pair, NDArray[np.float64]]:
    """Means over consecutive rows."""
    if all(size == 1 for size in sizes):
        return dict(samples)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
    return {key: np.add.reduceat(rows, starts, axis=0) / np.array(sizes)[:, None] for key, rows in samples.items()}


def _curves(
    experiment: Experiment,
    part: Experiment,
    model: Sharp,
    samples: NDArray[np.float64],
    found: Agreement,
    units: tuple[NDArray[np.float64], NDArray[np.float64]],
    about: Mapping[str, object],
) -> dict[str, Curve]:
    # Each by its own density and composition: the T(r) of a sample is not normalised by the model.
    factor, offset = normalisation(part, model.fractions, model.density)
    n = len(samples)
    sigma = np.abs(factor) * samples.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else None
    x, y = part.curve.x, part.curve.y
    simulated = _on(part.curve, x, factor * found.simulated + offset, sigma, "simulated", {**model.about, **about})
    fitted = _on(part.curve, x, units[0] * found.fitted + units[1], None, "fitted", about)
    return {
        "measured": experiment.curve,
        "simulated": simulated,
        "fitted": fitted,
        "residual": _on(part.curve, x, y - simulated.y, part.curve.sigma, "measured - simulated", about),
        "residual_fitted": _on(part.curve, x, y - fitted.y, part.curve.sigma, "measured - fitted", about),
    }


def _on(
    like: Curve,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    sigma: NDArray[np.float64] | None,
    label: str | None = None,
    about: Mapping[str, object] | None = None,
) -> Curve:
    return Curve(x, y, sigma, like.kind, like.x_unit, like.y_unit, like.label if label is None else label, like.metadata if about is None else about)


def _words(freedom: Freedom, blur: Resolution | None) -> str:
    """What was fitted."""
    parts = ["a factor on the simulated curve"] if freedom.scale else []
    if freedom.background is not None:
        terms = ["a constant", "a constant and a term in Q", "a constant and terms in Q and Q²"]
        parts.append(terms[freedom.background] if freedom.background < 3 else f"a polynomial of degree {freedom.background} in Q")
    if blur is not None:
        parts.append(f"the resolution ({blur.sentence})")
    return ", plus ".join(parts) or "nothing fitted"


def _sentence(experiment: Experiment, found: Agreement, where: str, words: str, chi: float | None) -> str:
    raw, scaled, scale = [f" ± {e:.3f}" if e else "" for e in found.errors or (0.0, 0.0, 0.0)]
    text = f"R_chi = {found.r_chi:.3f}{raw} on {'i(Q)' if experiment.in_q else 'g(r)'} over {where}"
    if words != "nothing fitted":
        text += f"; {found.r_chi_scaled:.3f}{scaled} with {words}"
        text += f"; factor {found.scale:.3f}{scale}" if "factor" in words else ""
    return text + (f"; chi² = {chi:.3g} per point." if chi is not None else ".")
