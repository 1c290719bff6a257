"""The report as text: what it says of finished, interrupted and pooled runs."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.io.run import Run
from glasswright.report import figures, html, plot_forcefield, scene, sections, write_report
from glasswright.report.comparison import plot_comparison
from glasswright.report.palette import SERIES, to_svg

MakeRun = Callable[..., Path]
VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Complains about tags that do not nest, and collects addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"]] if values.get("id") else []
        self.loads += [values[k] or "" for k in ("src", "srcset", "data") if k in values]
        self.loads += [values["href"] or ""] if tag in ("link", "image") and "href" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, synthetic_run: MakeRun) -> Path:
    return write_report(synthetic_run(tmp_path_factory.mktemp("report") / "run"))


@pytest.fixture(scope="module")
def text(finished: Path) -> str:
    return finished.read_text()


def test_the_page_is_sound_and_complete_in_itself(text: str) -> None:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert [address for address in page.loads if not address.startswith("data:")] == []
    assert re.findall(r"@import|url\((?!#)", text) == []
    assert "default-src 'none'" in text


def test_every_section_of_a_finished_run_is_there(text: str) -> None:
    for anchor in ("facts", "scattering", "distances", "network", "angles", "run", "melt", "sources"):
        assert f'<section id="{anchor}">' in text
    for words in ("SiO<sub>2</sub> glass", "Teter potential", "quenched at 50 K/ps", "An author, A journal", "doi.org/10.1000/1", "pppm order"):
        assert words in text
    assert "R<sub>χ</sub> = 0.04" in text
    assert "glass yet" not in text


def test_measurements_are_cited_and_expectations_are_not_called_measured(tmp_path: Path, synthetic_run: MakeRun) -> None:
    path = synthetic_run(tmp_path / "run")
    with open(path / "tables" / "summary.csv", "a", encoding="utf-8") as file:
        file.write("O-Si-O angle,109.4,,degree,109.47,,,geometry of the regular tetrahedron,\n")
    text = write_report(path).read_text()
    sources = text.partition('<section id="sources">')[2].partition("<h3>")[0]
    for source in ("a formula in a test", "list of measured densities", "diffraction", "NMR of a test"):
        assert sources.count(f"<li>{source}</li>") == 1
    assert "geometry" not in sources
    assert "expected 109.5" in text and "measured 109.5" not in text
    assert "109.5 (expected)" in text


def test_the_report_says_what_the_cooling_rate_means(text: str) -> None:
    assert "50 K/ps is 13 to 16 orders of magnitude faster than the 0.01 to 10 K/s of a laboratory" in text


def test_texts_of_a_run_are_escaped(text: str) -> None:
    assert "A warning with &lt;angle brackets&gt; &amp; an ampersand." in text
    assert "<angle" not in text


def test_a_coulomb_method_that_is_not_the_authors_is_said_at_the_top(tmp_path: Path, synthetic_run: MakeRun, text: str) -> None:
    assert "(teter)" in text and "not the authors" not in text
    path = synthetic_run(tmp_path / "run")
    document = (path / "run.toml").read_text()
    own = document.replace('name = "teter"', 'name = "bks/dsf"').replace('coulomb = "ewald"', 'coulomb = "dsf"\ncoulomb_as_published = false')
    (path / "run.toml").write_text(own)
    header = write_report(path).read_text().partition("</header>")[0]
    assert "Teter potential (bks/dsf)" in header
    assert "The Coulomb method, dsf, is not the authors': <b>bks/dsf</b> is a model of its own" in header


def test_figures_are_svg_in_the_colours_of_the_theme(text: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(pictures) >= 10
    for picture in pictures:
        ElementTree.fromstring(picture.replace("<svg", '<svg xmlns:xlink="http://www.w3.org/1999/xlink"', 1))
        assert 'role="img"' in picture
        assert f"var(--ink,{figures.MEASURED})" in picture


def test_an_interrupted_run_says_so_and_shows_how_far_it_came(tmp_path: Path, synthetic_run: MakeRun) -> None:
    text = write_report(synthetic_run(tmp_path / "run", stopped=True)).read_text()
    Page(text)
    assert "Not finished." in text
    assert "There is no glass yet" in text
    assert "glasswright resume" in text
    assert 'id="viewer"' not in text
    assert "The whole run" in text
    assert "Stages planned" in text
    assert "192 atoms" in text
    assert '<section id="distances">' not in text


def test_a_run_that_a_guard_stopped_says_why(tmp_path: Path, synthetic_run: MakeRun) -> None:
    path = synthetic_run(tmp_path / "run", stopped=True)
    document = (path / "run.toml").read_text()
    (path / "run.toml").write_text(document.replace('outcome = "running"', 'outcome = "The melt is boiling: P < 0."'))
    assert "<b>Stopped.</b> The melt is boiling: P &lt; 0." in write_report(path).read_text()


def test_a_run_that_has_only_begun_has_a_report(tmp_path: Path, synthetic_run: MakeRun) -> None:
    path = synthetic_run(tmp_path / "run", stopped=True)
    header = (path / "thermo.csv").read_text().splitlines()[0]
    (path / "thermo.csv").write_text(header + "\n")
    assert "Not finished." in write_report(path).read_text()
    (path / "thermo.csv").unlink()
    assert "Not finished." in write_report(path).read_text()


def test_replicas_are_shown_with_their_spread(tmp_path: Path, synthetic_replicas: MakeRun) -> None:
    text = write_report(synthetic_replicas(tmp_path / "set", 3)).read_text()
    Page(text)
    assert "3 independent replicas" in text
    assert "Mean over 3 replicas" in text
    assert "the other 2 replicas" in text


def test_a_chalcogenide_has_no_oxygen_and_says_so_of_measured_curves(tmp_path: Path, synthetic_run: MakeRun) -> None:
    text = write_report(synthetic_run(tmp_path / "run", formula="Ge20Se80", elements=("Se", "Ge"), measured=False)).read_text()
    Page(text)
    assert "Ge<sub>20</sub>Se<sub>80</sub> glass" in text
    assert "Oxygen species" not in text
    assert "Q<sup>n</sup>" not in text
    assert "No measured diffraction curve of this glass is known" in text


def test_a_measured_curve_that_is_not_here_is_named_with_the_way_to_get_it(tmp_path: Path, synthetic_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path))
    text = write_report(synthetic_run(tmp_path / "run", measured=False)).read_text()
    assert "i(Q), neutron: the measured curve would be drawn here" in text
    assert "GLASSWRIGHT_DATA" in text
    assert "glasswright analyze" in text


def test_names_of_files_and_odd_measured_files_do_no_harm(tmp_path: Path, synthetic_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "sio2_neutron").mkdir(parents=True)
    (tmp_path / "data" / "sio2_neutron" / "t_of_r.dat").write_text("no numbers here")
    path = synthetic_run(tmp_path / "run")
    for curve in ("measured", "compared"):
        (path / "curves" / f"{curve}_i_of_q_neutron.csv").rename(path / "curves" / f"{curve}_i_of_q_neutron_<i>&'.csv")
    text = write_report(path).read_text()
    Page(text)
    assert "with &lt;i&gt;&amp;&#x27;: simulated" in text.replace("neutron ", "")
    for picture in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        ElementTree.fromstring(picture.replace("<svg", '<svg xmlns:xlink="http://www.w3.org/1999/xlink"', 1))
    assert "t_of_r.dat holds no row of numbers" in text


def test_no_run_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run directory"):
        write_report(tmp_path)


def test_the_same_run_gives_the_same_page(finished: Path, text: str) -> None:
    assert write_report(Run(finished.parent)).read_text() == text


def test_bonds_of_a_crystal_are_the_known_ones() -> None:
    from ase.build import bulk

    zincblende = bulk("GeC", "zincblende", a=4.6, cubic=True).repeat(2)
    found = scene.bonds(zincblende)
    assert len(found) == 4 * len(zincblende) // 2
    vectors = zincblende.positions[found[:, 1]] + found[:, 2:] @ zincblende.cell.array - zincblende.positions[found[:, 0]]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(4.6 * 3**0.5 / 4)


def test_a_bond_of_an_atom_with_its_own_image_is_drawn_once() -> None:
    from ase import Atoms

    chain = Atoms("Se", cell=[2.35, 12, 12], pbc=True)
    assert scene.bonds(chain).tolist() in ([[0, 0, 1, 0, 0]], [[0, 0, -1, 0, 0]])


def test_modifiers_have_no_bonds_and_measured_cutoffs_decide() -> None:
    from ase import Atoms

    atoms = Atoms("NaOSi", positions=[[0, 0, 0], [2.3, 0, 0], [4.5, 0, 0]], cell=[30] * 3, pbc=True)
    assert scene.bonds(atoms).tolist() == []
    assert scene.bonds(atoms, {("Si", "O"): 2.25})[:, :2].tolist() == [[1, 2]]
    assert scene.bonds(atoms, {("O", "O"): 3.4, ("Na", "O"): 3.2}).tolist() == []


def test_the_scene_keeps_every_atom_inside_the_cell_and_cuts_a_slab_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    from ase.build import bulk

    atoms = bulk("Si", cubic=True).repeat(3)
    atoms.positions -= 7.0
    content = scene.scene(atoms)
    assert len(content["types"]) == 216
    assert min(content["positions"]) >= 0
    json.dumps(content)
    monkeypatch.setattr(scene, "LARGEST", 50)
    assert len(scene.scene(atoms)["types"]) == 50
    assert "A slab of 50 of the 216 atoms" in scene.viewer(atoms)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30Na2O-70SiO2", "30Na<sub>2</sub>O–70SiO<sub>2</sub>"),
        ("Ge20Se80", "Ge<sub>20</sub>Se<sub>80</sub>"),
        ("Na2O 30 SiO2 70 wt%", "Na<sub>2</sub>O 30 SiO<sub>2</sub> 70 wt%"),
    ],
)
def test_formulas_are_set_with_subscripts(text: str, expected: str) -> None:
    assert html.formula(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2.2034", "2.203"), (-0.001, "−0.001"), (1.2e-7, "1.2·10<sup>−7</sup>"), (20000, "20000"), ("nan", "–"), ("<b>", "&lt;b&gt;"), (123456, "123456")],
)
def test_numbers_read_well(value: object, expected: str) -> None:
    assert html.number(value) == expected


@pytest.mark.parametrize(
    ("value", "spread", "expected"),
    [("4.0011", 0.00083, "4.0011 ± 0.0008"), (2.3412, 0.0162, "2.341 ± 0.016"), (-0.12, None, "−0.12"), ("109.4", 0.0, "109.4"), (1234.5, 25.0, "1234 ± 25")],
)
def test_a_spread_decides_how_many_digits_are_shown(value: object, spread: float | None, expected: str) -> None:
    assert html.with_spread(value, spread) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"simulated": "1.61", "measured": "1.62", "measured_low": "1.60", "measured_high": "1.63"}, "within"),
        ({"simulated": "1.59", "spread": "0.02", "measured_low": "1.60", "measured_high": "1.63"}, "within"),
        ({"simulated": "2.42", "measured": "2.20"}, "+10.0 %"),
        ({"simulated": "1.98", "measured": "2.20", "measured_low": "2.19", "measured_high": "2.21"}, "−10.0 %"),
        ({"simulated": "1.0", "measured": ""}, ""),
    ],
)
def test_agreement_with_a_measurement(row: dict[str, str], expected: str) -> None:
    assert re.sub("<.*?>", "", sections.agreement(row)) == expected


def test_the_drawn_difference_is_measured_minus_simulated() -> None:
    q = np.linspace(0.5, 20, 300)
    measured = Curve(q, np.sin(q), kind="i(Q)", x_unit="1/Å")
    figure = plot_comparison(Curve(q, np.sin(q) + 0.1, kind="i(Q)", x_unit="1/Å"), measured)
    assert figure.axes[1].lines[-1].get_ydata() == pytest.approx(-0.1)
    assert figure.axes[1].get_xlabel() == "Q (Å⁻¹)"


def test_long_series_are_drawn_as_block_means_with_their_extremes() -> None:
    y = np.random.default_rng(1).normal(size=100_003)
    x, mean, low, high = figures.block_mean(np.arange(y.size), y, 500)
    assert len(x) == 500
    assert (low.min(), high.max()) == (y.min(), y.max())
    assert np.average(mean) == pytest.approx(y.mean(), abs=1e-4)


def test_identifiers_of_two_pictures_never_collide() -> None:
    curve = {"a": Curve([0.0, 1.0], [0.0, 1.0], kind="g(r)", x_unit="Å")}
    first, second = (set(re.findall(r' id="([^"]+)"', to_svg(figures.plot_curves(curve), name, "x"))) for name in ("one", "two"))
    assert first
    assert not first & second


def test_no_setting_of_matplotlib_leaks() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    to_svg(figures.plot_curves({"a": Curve([0.0, 1.0], [0.0, 1.0])}), "one", "x")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", ["bks", "shik", "teter"])
def test_force_fields_are_drawn_pair_by_pair(name: str) -> None:
    from glasswright.library.forcefields import load_forcefield

    forcefield = load_forcefield(name)
    figure = plot_forcefield(forcefield)
    assert sum(axes.get_visible() for axes in figure.axes) == len(forcefield.pairs)
    lines = figure.axes[[axes.texts[0].get_text() for axes in figure.axes if axes.texts].index("Si–O")].lines
    together = next(line for line in lines if line.get_color() == SERIES[0])
    r, energy = np.asarray(together.get_xdata()), np.asarray(together.get_ydata())
    assert 1.2 < r[np.argmin(energy)] < 1.7  # the well of a bare Si-O pair lies near the bond length, 1.6 Å in the glass


def test_a_warning_of_a_replica_is_said_once(tmp_path: Path, synthetic_replicas: MakeRun) -> None:
    path = synthetic_replicas(tmp_path / "set", 2)
    for file in (path / "run.toml", path / "replica-02" / "run.toml"):
        prefix = "" if file.parent != path else "replica-02: "
        file.write_text(file.read_text().replace('warnings = ["', f'warnings = ["{prefix}Hot.", "'))
    header = write_report(path).read_text().partition("</header>")[0]
    assert header.count("Hot.") == 1 and "replica-02: Hot." in header
