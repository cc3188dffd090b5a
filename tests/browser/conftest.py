"""A browser, and the reports that it opens."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hostile import EVENTS, LABS
from immunotrack.cli.sources import read_with_events
from immunotrack.readers import Options
from immunotrack.report import page as report_page
from immunotrack.report.contents import Asked, compose_report

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    "--disable-dev-shm-usage",
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
NEEDED = bool(os.environ.get("IMMUNOTRACK_BROWSER"))
"""Set by `make test-browser`: a test that cannot run then fails."""


def pytest_collection_modifyitems(items):
    """These tests are run where a browser is asked for, as `make test-browser` does."""
    if NEEDED:
        return
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.skip(reason="make test-browser runs it"))


class Page:
    """An open report."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, fragment="", width=1440, height=1000, *, dark=False):
        """Open a file at a size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(f"{Path(path).as_uri()}{fragment}")
        return self

    def until(self, condition):
        """Wait until something is so in the page; an error after the driver's 30 seconds."""
        self.driver.execute_async_script(
            "const done = arguments[0]; const look = () => "
            f"({condition}) ? done() : setTimeout(look, 10); look()"
        )
        return self

    def settled(self):
        """Wait until the patient who was asked for is there."""
        return self.until("!document.querySelector('[aria-busy]')")

    def js(self, script, *arguments):
        """The value of an expression in the page."""
        return self.driver.execute_script(f"return {script}", *arguments)

    def all(self, query):
        """The elements of a selector."""
        return self.driver.find_elements("css selector", query)

    def one(self, query):
        """The first element of a selector."""
        return self.driver.find_element("css selector", query)

    @property
    def tip(self):
        """What the tip says; empty where it is hidden."""
        return self.js("document.getElementById('tip').hidden ? '' : "
                       "document.getElementById('tip').innerText")  # fmt: skip

    @property
    def console(self):
        """What the browser complained of."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    @property
    def requests(self):
        """The addresses that were asked for."""
        events = [json.loads(entry["message"])["message"] for entry in self.performance]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    @property
    def performance(self):
        """The browser's log of its network."""
        return self.driver.get_log("performance")


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    """Chromium without a window and without a network of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(driver):
    """A page to open reports in."""
    return Page(driver)


def immunotrack(folder, *arguments):
    """Run a command and want it done."""
    done = subprocess.run(
        [sys.executable, "-m", "immunotrack", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def case(tmp_path_factory):
    """The report of the case."""
    folder = tmp_path_factory.mktemp("case")
    immunotrack(folder, "report", "monneret-2020", "-o", "report.html")
    return folder / "report.html"


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """A report of patients whose ids, drugs and notes attack the page."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "labs.csv").write_text(LABS, encoding="utf-8")
    (folder / "events.csv").write_text(EVENTS, encoding="utf-8")
    immunotrack(folder, "report", "labs.csv", "--events", "events.csv", "-o", "report.html")
    return folder / "report.html"


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """A report of 500 patients with a dose and twelve results each.

    Ten of them are drawn, and their figures stand under the names of the others too: drawing takes
    minutes, and how a page opens depends on what is in it.
    """
    rows = ["patient,day,test,result,units"]
    for patient in range(500):
        for day in range(0, 24, 4):
            rows.append(f"S{patient:03},{day},CD4,{150 + 9 * day + patient},/µL")
            rows.append(f"S{patient:03},{day},Lymphocytes,{0.4 + day / 16 + patient / 900:.2f},G/L")
    doses = ["patient,kind,name,start,dose,dose_unit"]
    doses += [f"S{patient:03},dose,IL-7,8,10,µg/kg" for patient in range(500)]
    folder = tmp_path_factory.mktemp("cohort")
    (folder / "labs.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "events.csv").write_text("\n".join(doses), encoding="utf-8")
    source = read_with_events([str(folder / "labs.csv")], folder / "events.csv", Options())
    document = compose_report(source, Asked())
    drawn = {}

    def shown(chapter, document, styles, key):
        like = int(key[1:]) % 10
        if like not in drawn:
            drawn[like] = draw(chapter, document, styles, key)
        return replace(drawn[like], title=chapter.title)

    draw = report_page._shown
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_page, "_shown", shown)
        (folder / "report.html").write_bytes(report_page.html(document))
    return folder / "report.html"


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core."""
    return Path(os.environ["IMMUNOTRACK_AXE"]).read_text("utf-8")
