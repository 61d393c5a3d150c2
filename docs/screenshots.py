"""Makes docs/screenshots/*.png: the demo, with invented people and a term of attendance, in headless Chromium.

Run it as `python docs/screenshots.py`; it takes a minute.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dashboard.runtime import Runtime, now_ms  # noqa: E402
from hub import settings  # noqa: E402
from hub.attendance import Rules  # noqa: E402
from hub.settings import Settings  # noqa: E402
from hub.store.opening import open_pictures, open_store  # noqa: E402
from tests.benchmarks.filling import fill, mark, record, school_days  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
WIDTHS = {"desktop": (1280, 860), "phone": (390, 844)}
COLOURS = 160  # of a palette: a third of the size, and nobody sees it
WARM_UP_S = 40.0  # until both cameras were visited a few times
CATCH_UP_S = 30.0  # until the feed has read the invented days, and somebody came after them
PAGES = {
    "today": "/today/",
    "door": "/today/door/",
    "attendance": "/attendance/month/",
    "people": "/people/",
    "person": "",
    "unknown": "/unknown/",
    "devices": "/devices/",
}


@contextmanager
def demo(folder: Path) -> Iterator[Settings]:
    """The demo under way in a folder of its own, on ports of its own."""
    command = [sys.executable, "-m", "hub", "demo", "--data-dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (folder / settings.TOML_NAME).exists():
            time.sleep(0.2)
        time.sleep(WARM_UP_S)
        yield settings.load({}, data_dir=folder)
    finally:
        process.terminate()
        process.wait(15)


def invent(site: Settings) -> str:
    """Fill in people and days; the id of one of the demo's own people."""
    with closing(open_store(site)) as store:
        known = next(person for person in store.people() if store.photos(person.person_id))
        store.update_person(replace(known, created_ms=1_750_000_000_000))
        runtime = Runtime(site, store, open_pictures(site))
        today = runtime.today()
        everybody = fill(store, runtime.rules, count=180, last=today - timedelta(days=1), days=60)
        before = runtime.local(now_ms() - 40 * 60_000).time()
        rules = Rules(site.zone, site.day_start, before)  # people came about then, most of them in time
        marks = [mark(person, today, rules, random.Random(number)) for number, person in enumerate(everybody)]  # noqa: S311
        record(store, today, 999, marks[:167], 1)
        chance = random.Random(5)  # noqa: S311
        for number, day in enumerate(school_days(today - timedelta(days=1), 60), 1000):
            record(store, day, number, [mark(known, day, runtime.rules, chance)], 1, name=f"demo-{number}")
    return known.person_id


def sign_in(driver: webdriver.Chrome, site: Settings, address: str) -> None:
    environment = os.environ | {"PRESENZA_DATA_DIR": str(site.data_dir)}
    command = [sys.executable, "-m", "hub", "dashboard", "account", "office", "--json"]
    made = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    driver.get(f"{address}/sign-in/")
    driver.find_element(By.NAME, "username").send_keys("office")
    driver.find_element(By.NAME, "password").send_keys(json.loads(made.stdout)["password"])
    driver.find_element(By.CSS_SELECTOR, "button.primary").click()


def browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=en"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium") or ""
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def shoot(driver: webdriver.Chrome, name: str) -> None:
    """Take the picture and write it small."""
    path = FOLDER / f"{name}.png"
    driver.save_screenshot(str(path))
    with Image.open(path) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="presenza-screenshots-") as name, demo(Path(name) / "demo") as site:
        toml = tomllib.loads((site.data_dir / settings.TOML_NAME).read_text(encoding="utf-8"))
        address = f"http://127.0.0.1:{toml['http_port']}"
        person_id = invent(site)
        time.sleep(CATCH_UP_S)
        driver = browser()
        try:
            sign_in(driver, site, address)
            for kind, (width, height) in WIDTHS.items():
                size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": kind == "phone"}
                driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                for page, where in PAGES.items():
                    driver.get(address + (where or f"/people/{person_id}/"))
                    time.sleep(4 if page == "unknown" else 1.5)
                    shoot(driver, f"{page}-{kind}")
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
