"""The report of the demonstration in a real browser, on screens and on paper, as an auditor has it.

`python -m tests.system.test_report_in_browser` takes the picture in docs/report.md anew.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.print_page_options import PrintOptions

from licet.account import Deciding, Figures
from licet.report import page
from tests.unit.report.examples import ATTACK, eventful, report

pytestmark = pytest.mark.system
BOUND_S = 120
PICTURE = Path(__file__).parents[2] / "docs" / "report.png"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
# What is written, in which colour, on what; as WCAG 2 measures contrast.
CONTRAST = """
const parts = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((c) => {
    c /= 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = parts(getComputedStyle(one).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const found = [];
for (const element of document.querySelectorAll("main *")) {
  const said = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (!said) continue;
  const style = getComputedStyle(element);
  const ink = element.closest("svg") ? style.fill : style.color;
  const [a, b] = [light(parts(ink)), light(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) found.push([element.tagName, element.textContent.trim().slice(0, 40), ratio]);
}
return found;
"""
CLIPPED = """
return [...document.querySelectorAll("svg")].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1;
  }).map((text) => text.textContent);
});
"""


@contextmanager
def browser() -> Iterator[Chrome]:
    # What helps the browser may outlive it for a moment, and write to the folder meanwhile.
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as folder:
        options = ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            # The browser's own first page asks for much; what it asked for goes with it.
            driver.get("about:blank")
            complaints(driver)
            yield driver
        finally:
            driver.quit()


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with browser() as found:
        yield found


@contextmanager
def demonstrated() -> Iterator[tuple[Path, dict[str, Any]]]:
    """The folder of a demonstration that was kept, and what it says of itself."""
    with tempfile.TemporaryDirectory(prefix="room-") as folder:
        kept = Path(folder) / "kept"
        told = licet("demo", "--headless", "--json", "--keep", kept)
        yield kept, json.loads(told.splitlines()[-1])


@pytest.fixture(scope="module")
def kept() -> Iterator[tuple[Path, dict[str, Any]]]:
    with demonstrated() as found:
        yield found


def licet(*arguments: object) -> str:
    return subprocess.run(
        [sys.executable, "-m", "licet", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=BOUND_S,
        env={**os.environ, "COLUMNS": "80"},
    ).stdout


def reported(folder: Path, target: Path) -> dict[str, Any]:
    """Writes the page; the numbers on it."""
    told = licet("evidence", "report", "--replay", "--config", folder, "--html", target, "--json")
    found: dict[str, Any] = json.loads(told)
    return found


def look(driver: Chrome, path: Path, *, width: int, dark: bool = False) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    driver.get(path.as_uri())


def logged(driver: Chrome, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = driver.execute("getLog", {"type": name})["value"]
    return found


def complaints(driver: Chrome) -> list[Any]:
    """What the console says, and what was asked of any network, since the last time."""
    said = [entry["message"] for entry in logged(driver, "browser")]
    for entry in logged(driver, "performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file:", "data:")):
                said.append(url)
    return said


def test_the_report_says_what_the_demonstration_says_of_itself(
    kept: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, demo = kept
    found = [reported(folder / name, tmp_path / name) for name in ("developer", "deployer")]
    totals = [one["figures"]["total"] for one in found]
    told = {name: sum(one[name] for one in totals) for name in totals[0]}
    assert told["requests"] == demo["requests"]
    assert told["as_asked"] + told["rerouted"] == demo["answered"]
    assert told["rerouted"] == demo["rerouted"]
    refused = ("refused", "undetermined", "cut", "unavailable", "failed")
    assert sum(told[name] for name in refused) == demo["refused"]
    assert sum(one["verification"]["leaves"] for one in found) == demo["evidence"]["records"]
    assert all(one["verification"]["ok"] and one["replay"]["ok"] for one in found)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_it_is_read_on_screens_wide_and_narrow_light_and_dark(
    kept: tuple[Path, dict[str, Any]], tmp_path: Path, driver: Chrome, *, width: int, dark: bool
) -> None:
    found = reported(kept[0] / "developer", tmp_path / "report.html")
    look(driver, tmp_path / "report.html", width=width, dark=dark)
    assert complaints(driver) == []
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    assert driver.execute_script(CONTRAST) == []
    assert driver.execute_script(CLIPPED) == []
    text = driver.execute_script("return document.querySelector('main').innerText")
    for words in ("Evidence report", "sound", found["verification"]["root"], "Letter of 12 June"):
        assert words in text
    paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") is not dark


def test_it_is_printed_with_the_headings_of_tables_on_every_page(
    kept: tuple[Path, dict[str, Any]], tmp_path: Path, driver: Chrome
) -> None:
    reported(kept[0] / "developer", tmp_path / "report.html")
    look(driver, tmp_path / "report.html", width=1280, dark=True)
    pdf = base64.b64decode(driver.print_page(PrintOptions()))
    (tmp_path / "report.pdf").write_bytes(pdf)
    pages = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\f")
    assert "Evidence report" in pages[0]
    with_days = [text for text in pages if "2026-06-1" in text and "answered as asked" in text]
    assert len(with_days) >= 2
    assert "Verification" in pages[-2]
    assert complaints(driver) == []


def test_whatever_a_log_says_nothing_runs(tmp_path: Path, driver: Chrome) -> None:
    found = eventful()
    hostile = msgspec.structs.replace(
        found, log=ATTACK, deciding=(Deciding(id=ATTACK, title=ATTACK, barred=3, refused=3),)
    )
    for number, one in enumerate((found, hostile, Figures())):
        path = tmp_path / f"{number}.html"
        path.write_text(page(report(one, ok=False)), encoding="utf-8")
        for width in (1280, 390):
            look(driver, path, width=width)
            assert complaints(driver) == []
            assert driver.title.startswith("Evidence report")
            assert driver.execute_script("return document.scripts.length") == 0
            assert driver.execute_script("return document.documentElement.scrollWidth") <= width


if __name__ == "__main__":
    with demonstrated() as (folder, _), browser() as opened:
        reported(folder / "developer", folder / "report.html")
        look(opened, folder / "report.html", width=1100)
        shot = opened.execute_cdp_cmd(
            "Page.captureScreenshot",
            {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": 1100, "height": 1180, "scale": 1},
            },
        )
        PICTURE.write_bytes(base64.b64decode(shot["data"]))
