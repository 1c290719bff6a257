"""Files of one known curve in the formats that beamline programs write: header lines as those programs lay them out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

Q = np.round(np.arange(0.525, 25.0, 0.05), 6)
S = 1 + 0.9 * np.exp(-0.5 * ((Q - 1.5) / 0.25) ** 2) + 0.3 * np.sin(1.6 * Q) / Q
R = np.round(np.arange(0.0, 12.0, 0.02), 6)
G = 1.5 * np.exp(-0.5 * ((R - 1.61) / 0.06) ** 2) - 0.4 * np.sin(2 * R) * np.exp(-0.2 * R)
ERROR = np.full_like(Q, 0.004)
BARN = 0.2759


def _rows(*columns: np.ndarray, form: str = "{:16.7E}") -> str:
    return "".join("".join(form.format(v) for v in row) + "\n" for row in np.stack(columns, axis=1))


def gudrun(path: Path, groups: int = 1) -> Path:
    """A .mint01: 14 lines of #, then bins with zeros where no detector reaches."""
    empty = np.array([0.0, 0.125])
    q, y, e = (np.concatenate([a, b]) for a, b in ((empty, Q), (0 * empty, BARN * (S - 1)), (0 * empty, ERROR)))
    head = [path.name, "SiO2 flat plate", f"    {groups}  {len(q)}", "   10", "", "", "spec.bad", "groups_def.dat", "    6", "   -1", " 0.2000000E+02"]
    head += [" 0.0000000E+00  0.3733142E+01  0.0000000E+00"] * 3
    path.write_text("".join(f"# {line}\n" for line in head) + _rows(q, *[y, e] * groups))
    return path


def _fortran(value: float) -> str:
    """As E15.7 of Fortran writes it, with a leading zero: 0.1234567E+01."""
    if value == 0:
        return f"{'0.0000000E+00':>15s}"
    power = int(np.floor(np.log10(abs(value)))) + 1
    mantissa = value / 10.0**power
    if round(abs(mantissa), 7) >= 1:
        mantissa, power = mantissa / 10, power + 1
    return f"{f'{mantissa:.7f}E{power:+03d}':>15s}"


def epsr(path: Path, names: tuple[str, ...] = ("NeutronSiO2sq",)) -> Path:
    """A .t01: one line of names, then Q and (value, error) of each data set; the n-th is n times the first."""
    columns = [column for n in range(len(names)) for column in ((n + 1) * (S - 1), ERROR)]
    table = "".join("".join(map(_fortran, row)) + "\n" for row in np.stack([Q, *columns], axis=1))
    path.write_text("#    Q           " + "".join(f"{name:30s}" for name in names) + "\n" + table)
    return path


def rmc(path: Path, points: int | None = None) -> Path:
    """RMCProfile: number of points, title, x and y."""
    path.write_text(f"{len(Q) if points is None else points:12d}\nvitreous silica, F(Q) in barn\n" + _rows(Q, BARN * (S - 1)))
    return path


def pdfgetx3(path: Path, output: str = "gr") -> Path:
    """PDFgetX3: an ini file, then '#### start data' and one '#L' line."""
    labels = {"gr": "r($\\AA$)  G($\\AA^{-2}$)", "sq": "Q($\\AA^{-1}$)  S", "fq": "Q($\\AA^{-1}$)  F($\\AA^{-1}$)", "iq": "Q($\\AA^{-1}$)  I"}
    settings = "dataformat = QA\nmode = xray\nwavelength = 0.1824\ncomposition = SiO2\nbgscale = 1\nrpoly = 0.9\n"
    settings += "qmaxinst = 25.0\nqmin = 0.6\nqmax = 24.0\nrmin = 0.0\nrmax = 30.0\n"
    columns = {"gr": (R, G), "sq": (Q, S), "fq": (Q, Q * (S - 1)), "iq": (Q, 1000 * S)}[output]
    head = f"[DEFAULT]\n\nversion = pdfgetx3 2.1.1\n\n# input and output specifications\noutputtype = {output}\n# PDF calculation setup\n{settings}"
    path.write_text(f"{head}\n# End of config {'-' * 62}\n#### start data\n\n#S 1\n#L {labels[output]}\n" + _rows(*columns, form=" {:.6g}"))
    return path


def pdfgetn(path: Path) -> Path:
    """PDFgetN: history, '##### start data', then r, G, dr, dG."""
    head = "History written: Fri Apr 30 13:05:36 2004\nproduced by\n##### Run Information     runCorrection=T\nprep=gsas     machine=npdf\n"
    head += "## Damp     Qmin=2.0     Qmax=32     startDampQ=32    QAveMin=0.6\n##### start data\n#O0 rg_int sig_rg_int low_int\n#S 1 - PDF from PDFgetN\n"
    path.write_text(
        head
        + "#P0   -4.09986    0.44295    0.11702    0.01370    1.50  0.0731\n#L r G(r) dr dG(r)\n"
        + _rows(R[1:], G[1:], 0 * R[1:], 0.1 + 0.001 * R[1:], form="{:10.4f}")
    )
    return path


def pdfgetx2(path: Path) -> Path:
    """PDFgetX2: sections of key=value, '##### start data', then r, G, d_r, d_Gr."""
    head = "History written:       Wed Jul 01 00:37:52 2025\n####### Get_XPDF #######\n##### Experiment_Setup\n"
    head += "## X-Ray   radiationtype=3\nlambda=0.126514    energy=98.0010\n"
    head += "## S(q)  qmin=1.000000    qmax=40.000000    qgrid=0.000000\n##### start data\n#F a.gr\n#D Tue Feb  8 11:46:14 2005\n#C \n#S 1    G(r)\n#D \n"
    path.write_text(head + "#L r    G(r)    d_r    d_Gr\n" + _rows(R[1:], G[1:], -R[1:], 0.1 + 0.001 * R[1:]))
    return path


def gsas(path: Path) -> Path:
    """G(R) as GSAS-II exports it."""
    head = "[DEFAULT]\n\nversion = GSAS-II-v5577\n\n# input and output specifications\ndataformat = Qnm\ninputfile = a.chi\noutputtype = gr\n\n"
    head += (
        "# PDF calculation setup\nmode = xray\nwavelength = 0.12400\ncomposition = Si O2\nbgscale = 0.990\nqmaxinst = 25.00\nqmin = 0.50000\nqmax = 24.5000\n"
    )
    path.write_text(f"{head}\n# End of config {'-' * 63}\n#### start data\n#S 1\n#L r($\\AA$)  G($\\AA^{{-2}}$)\n" + _rows(R, G, form="{:16.6f}"))
    return path
