"""The pictures of rings show the rings."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright import analysis
from glasswright.analysis.network.survey_rings import survey_rings
from glasswright.analysis.sample import Sample
from glasswright.report.rings import one_of_each_size, plot_examples, plot_rings
from reference import crystals


def test_bars_are_rings_per_node():
    quartz = crystals.alpha_quartz().repeat(2)
    found = {name.removeprefix("rings_"): p for name, p in survey_rings(Sample([quartz])).populations.items()}
    figure = plot_rings(found)
    axes = figure.axes[0]
    heights = {bars.get_label(): [bar.get_height() for bar in bars] for bars in axes.containers if hasattr(bars, "patches")}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["6", "7", "8"]
    assert [h for label, h in heights.items() if label.startswith("King")] == [[1, 0, 7]]
    assert [h for label, h in heights.items() if label.startswith("Guttman")] == [[1, 0, 0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Si in the ring", "rings per Si")
    assert len(figure.legends[0].texts) == 3


def test_examples_keep_their_shape():
    """The six atoms of a ring of graphite lie on a circle with the radius of a bond."""
    graphite = crystals.graphite()
    rings = analysis.ring_members(graphite, cutoffs=crystals.BONDS)
    examples = one_of_each_size(graphite, rings)
    assert [ring.size for ring, _ in examples] == [6]
    assert np.linalg.norm(examples[0][1], axis=1) == pytest.approx(np.full(6, 2.464 / np.sqrt(3)))
    assert len(plot_examples(graphite, examples).axes) == 1
