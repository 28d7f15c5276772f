"""The report as a browser shows it, on a wide and on a narrow screen, light and dark.

Needs the system packages chromium and chromium-driver. Without them it is skipped, or fails where
SEQCHURN_BROWSER is `required`, as .ci/run has it. SEQCHURN_SCREENSHOTS names a folder for the
pictures, to be looked at.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seqchurn.inspection import Section
from seqchurn.plots import Chapter
from seqchurn.plots import page as page_of_chapters
from tests.commands.test_report import page_of
from tests.shop import Opened, copied

pytestmark = pytest.mark.slow

FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--hide-scrollbars"),
]
OVERFLOWING = """
const wide = document.documentElement.clientWidth;
const scrolls = box => box !== null && getComputedStyle(box).overflowX === 'auto';
return [...document.querySelectorAll('body *:not(svg *)')]
  .filter(e => !scrolls(e.closest('.charts > div')))
  .filter(e => e.getBoundingClientRect().right > wide + 1 || e.scrollWidth > e.clientWidth + 1
          && getComputedStyle(e).display !== 'inline' && e.clientWidth > 0)
  .map(e => e.outerHTML.slice(0, 120));
"""

"""Elements that reach beyond the screen or their box; charts may, where their box scrolls."""
SIZES = """
return [...document.querySelectorAll('.charts svg')]
  .map(e => e.getBoundingClientRect().width / e.viewBox.baseVal.width);
"""
"""Of each chart, against the size at which it was drawn."""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    binaries = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    lacking = [name for name, place in binaries.items() if place is None]
    if lacking:
        message = f"needs {' and '.join(lacking)}: apt-get install chromium chromium-driver"
        if os.environ.get("SEQCHURN_BROWSER") == "required":
            pytest.fail(message)
        pytest.skip(message)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(binaries["chromium"])
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(str(binaries["chromedriver"]))
    opened = webdriver.Chrome(options=options, service=service)
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def page(whole_way: Opened, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = copied(whole_way, tmp_path_factory.mktemp("seen") / "shop")
    shop.must("report")
    return page_of(shop)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_fails_and_nothing_overflows(
    width: int, scheme: str, driver: Any, page: Path, tmp_path: Path
) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme_asked = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme_asked})
    driver.get(page.as_uri())
    assert driver.execute_script("return document.documentElement.clientWidth") == width
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    assert driver.execute_script(OVERFLOWING) == []
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []
    background = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    whole = {"captureBeyondViewport": True, "format": "png"}
    picture = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", whole)["data"])
    folder = Path(os.environ.get("SEQCHURN_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"report_{width}_{scheme}.png").write_bytes(picture)
    assert len(picture) > 50_000  # something is drawn


def test_charts_keep_their_size_on_a_narrow_screen_and_scroll_in_their_boxes(
    driver: Any, page: Path
) -> None:
    size = {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(page.as_uri())
    sizes = driver.execute_script(SIZES)
    assert sizes == pytest.approx([1.0] * len(sizes), abs=0.01)
    boxes = "return [...document.querySelectorAll('.charts > div')]"
    scrolled = driver.execute_script(f"{boxes}.filter(e => e.scrollWidth > e.clientWidth).length")
    assert 0 < scrolled <= len(sizes)
    assert driver.execute_script("return document.documentElement.scrollWidth") == 400


def test_what_overflows_would_be_seen(driver: Any, tmp_path: Path) -> None:
    file = tmp_path / "wide.html"
    file.write_text("<body><div style='width: 5000px'>wide</div></body>", encoding="utf-8")
    driver.get(file.as_uri())
    assert len(driver.execute_script(OVERFLOWING)) == 1
    chart = "<div class='charts'><div style='overflow-x: {}'><svg width='5000'></svg></div></div>"
    for overflow, found in (("auto", False), ("visible", True)):
        file.write_text(f"<body>{chart.format(overflow)}</body>", encoding="utf-8")
        driver.get(file.as_uri())
        assert bool(driver.execute_script(OVERFLOWING)) == found
    file.write_text("<script>throw new Error('no luck')</script>", encoding="utf-8")
    driver.get(file.as_uri())
    assert [e for e in driver.get_log("browser") if "no luck" in e["message"]]


@pytest.mark.parametrize("width", [1280, 400])
def test_tables_of_many_columns_and_of_long_words_fit(
    width: int, driver: Any, tmp_path: Path
) -> None:
    counts = ["read", "kept", "duplicate", "quarantined", "filtered", "folded away", "events"]
    many = Section("Many", ["source", *counts, "extra"], [["households", *[1_469_307] * 8]])
    few = Section("Few", ["word", "what it says"], [["pareto_nbd", "words " * 40], ["x" * 24, 1]])
    text = page_of_chapters("Tables", facts={}, chapters=[Chapter(sections=[few, many, few])])
    file = tmp_path / "tables.html"
    file.write_text(text, encoding="utf-8")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(file.as_uri())
    assert driver.execute_script(OVERFLOWING) == []
    cells = "return [...document.querySelectorAll('td')].map(cell => cell.clientHeight)"
    heights = driver.execute_script(cells)
    assert max(heights[2], heights[4]) < 40  # a word each, on one line
