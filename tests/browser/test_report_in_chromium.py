"""A report in a real browser: no console error, no request, the glass is painted and answers the hand.

Needs the programs ``chromium`` and ``chromedriver`` (Debian packages chromium and chromium-driver); speaks the WebDriver protocol to the
latter with nothing but the standard library.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glasswright.report import write_report

CHROMIUM = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM or not DRIVER, reason="chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)"),
]
FLAGS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,1600", "--hide-scrollbars", "--no-first-run")
SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


class Browser:
    """One window of headless Chromium."""

    def __init__(self, address: str, flags: tuple[str, ...]) -> None:
        self._address = address
        options = {"binary": CHROMIUM, "args": [*FLAGS, *flags]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self._session = "/session/" + self._ask("/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def _ask(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        request = urllib.request.Request(self._address + path, json.dumps(body or {}).encode(), {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def open(self, page: Path) -> None:
        self._ask(self._session + "/url", {"url": page.as_uri()})

    def run(self, script: str) -> Any:
        return self._ask(self._session + "/execute/sync", {"script": script, "args": []})

    def devtools(self, command: str, **parameters: Any) -> Any:
        return self._ask(self._session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def log(self, kind: str) -> list[dict[str, Any]]:
        return list(self._ask(self._session + "/se/log", {"type": kind}))

    def requests(self) -> list[str]:
        """Addresses that the page asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def canvas(self) -> np.ndarray:
        """What is painted on the 3-D view, ``(height, width, 3)``, after the next frame."""
        from PIL import Image

        two_frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"
        self._ask(self._session + "/execute/async", {"script": two_frames, "args": []})
        data = self.run("return document.querySelector('#viewer canvas').toDataURL('image/png')")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGB"), dtype=int)

    def close(self) -> None:
        self._ask(self._session, method="DELETE")


@pytest.fixture(scope="module")
def driver() -> Iterator[str]:
    port = 20000 + os.getpid() % 20000
    assert DRIVER is not None
    process = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            with urllib.request.urlopen(address + "/status", timeout=5):
                break
        except OSError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def browser(driver: str) -> Iterator[Browser]:
    window = Browser(driver, SOFTWARE_GL)
    yield window
    window.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, synthetic_run: Callable[..., Path]) -> Path:
    return write_report(synthetic_run(tmp_path_factory.mktemp("report") / "run"))


def painted(picture: np.ndarray) -> float:
    """Share of pixels that are not background (the colour of the first corner)."""
    return float((np.abs(picture - picture[0, 0]).sum(axis=2) > 30).mean())


def changed(before: np.ndarray, after: np.ndarray) -> float:
    return float((np.abs(before - after).sum(axis=2) > 30).mean())


def click(browser: Browser, button: str) -> None:
    browser.run(f"document.querySelector({json.dumps('#viewer button' + button)}).click()")


def test_no_console_message_and_no_request(browser: Browser, report: Path) -> None:
    browser.open(report)
    browser.canvas()
    assert browser.log("browser") == []
    assert [r for r in browser.requests() if not r.startswith("data:")] == [report.as_uri()]


def test_the_security_policy_would_stop_a_request(browser: Browser, report: Path) -> None:
    """So that the test above cannot pass because nothing was ever asked for."""
    page = report.with_name("asking.html")
    page.write_text(report.read_text().replace("</body>", '<img src="picture.png"></body>'))
    browser.open(page)
    browser.canvas()
    assert any("Content Security Policy" in entry["message"] for entry in browser.log("browser"))


def test_pictures_have_their_size_and_nothing_runs_over_the_edge(browser: Browser, report: Path) -> None:
    browser.open(report)
    sizes = browser.run("return [...document.querySelectorAll('svg')].map(s => { const b = s.getBoundingClientRect(); return [b.width, b.height]; })")
    assert len(sizes) >= 10
    assert all(width > 300 and height > 60 for width, height in sizes)
    for width in (1200, 400):
        browser.devtools("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        assert browser.run("return document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_the_glass_is_painted_and_answers(browser: Browser, report: Path) -> None:
    browser.open(report)
    assert browser.run("return document.querySelector('#viewer canvas').dataset.renderer") == "webgl2"
    start = browser.canvas()
    assert 0.05 < painted(start) < 0.9
    click(browser, "[name=filling]")
    full = browser.canvas()
    assert painted(full) > painted(start)
    click(browser, "[name=filling]")
    assert changed(start, browser.canvas()) == 0.0
    click(browser, "[value='0']")
    assert painted(browser.canvas()) < painted(start)
    click(browser, "[value='0']")
    click(browser, "[name=bonds]")
    assert painted(browser.canvas()) < painted(start)
    click(browser, "[name=bonds]")
    browser.run("const s = document.querySelector('#viewer input'); s.value = 0.1; s.dispatchEvent(new Event('input'))")
    assert painted(browser.canvas()) < 0.6 * painted(start)


def test_dragging_turns_and_the_wheel_zooms_once_clicked(browser: Browser, report: Path) -> None:
    browser.open(report)
    start = browser.canvas()
    box = browser.run("const b = document.querySelector('#viewer canvas').getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]")

    def mouse(kind: str, dx: float = 0.0, **more: Any) -> None:
        browser.devtools("Input.dispatchMouseEvent", type=kind, x=box[0] + dx, y=box[1], **more)

    mouse("mouseWheel", deltaX=0, deltaY=0.0, button="none")
    mouse("mousePressed", button="left", clickCount=1)
    mouse("mouseMoved", 120.0, button="left", buttons=1)
    mouse("mouseReleased", 120.0, button="left", clickCount=1)
    turned = browser.canvas()
    assert changed(start, turned) > 0.05
    mouse("mouseWheel", deltaX=0, deltaY=-600, button="none")
    assert painted(browser.canvas()) > 1.3 * painted(turned)
    assert browser.log("browser") == []


def test_dark_theme_is_dark_and_legible(browser: Browser, report: Path) -> None:
    browser.open(report)
    light = browser.canvas()
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    dark = browser.canvas()
    assert light[0, 0].mean() > 230
    assert dark[0, 0].mean() < 60
    ink, page = browser.run("const s = getComputedStyle(document.body); return [s.color, s.backgroundColor].map(c => c.match(/\\d+/g).map(Number))")
    assert np.mean(ink) - np.mean(page) > 150


def test_without_webgl_a_flat_canvas_is_painted(driver: str, report: Path) -> None:
    window = Browser(driver, ("--disable-3d-apis",))
    try:
        window.open(report)
        assert window.run("return document.querySelector('#viewer canvas').dataset.renderer") == "canvas"
        assert painted(window.canvas()) > 0.05
        assert window.log("browser") == []
    finally:
        window.close()


@pytest.mark.parametrize("kind", ["set", "stopped"])
def test_other_runs_have_no_console_message(
    browser: Browser, tmp_path: Path, synthetic_run: Callable[..., Path], synthetic_replicas: Callable[..., Path], kind: str
) -> None:
    path = synthetic_replicas(tmp_path / "set", 2) if kind == "set" else synthetic_run(tmp_path / "run", stopped=True)
    browser.open(write_report(path))
    assert browser.log("browser") == []
