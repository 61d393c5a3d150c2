"""The pages on which somebody decides about faces, each in the state in which there is something to decide."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.stack import portrait, scene
from tests.browser.test_pages import serious
from tests.browser.test_people import add, forget, judge

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def table(folder: Path) -> tuple[Path, Path]:
    """A line that goes well, one with a taken number, and one whose photo shows somebody who is enrolled."""
    lines = [
        ["name", "number", "photos"],
        ["Ina Imported", "i-1", ""],
        ["Ida Imported", "i-1", ""],
        ["Joe Imported", "i-2", "joe.jpg"],
    ]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    (folder / "people.csv").write_text(text.getvalue())
    with zipfile.ZipFile(folder / "photos.zip", "w") as photos:
        photos.write(portrait("biden"), "joe.jpg")
    return folder / "people.csv", folder / "photos.zip"


def bring_in(browser, folder: Path) -> None:
    """Import the table; the browser is then on the report, which is finished."""
    people, photos = table(folder)
    browser.open("/people/import/")
    browser.find("[name=table]").send_keys(str(people))
    browser.find("[name=photos]").send_keys(str(photos))
    browser.find("[name=agreed]").click()
    browser.find("main form button.primary").click()
    browser.until(lambda: "3 of 3" in browser.text("#job"))


def clean(browser, axe, width: int = 390) -> None:
    """No serious violation, light or dark, and on a phone nothing sideways."""
    for scheme in ("dark", "light"):
        still = {"name": "prefers-reduced-motion", "value": "reduce"}  # a colour on its way is neither
        features = [{"name": "prefers-color-scheme", "value": scheme}, still]
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        assert serious(browser, axe) == []
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.until(lambda: browser.driver.execute_script("return innerWidth") == width)
        assert browser.driver.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_sighting_is_for_everybody_before_and_after_it_is_corrected(browser, house, axe):
    house.stack.door.send(scene(portrait("obama", 0)))
    browser.sign_in()
    browser.open("/people/?q=obama")
    browser.find("#people-list tbody .person-cell a").click()
    browser.until(lambda: browser.all("a[href^='/sightings/']"))
    clean(browser, axe)
    browser.find("a[href^='/sightings/']").click()
    browser.until(lambda: browser.all("form[action$='/not/']"))
    clean(browser, axe)
    browser.find("form[action$='/not/'] button").click()
    browser.until(lambda: browser.all("form[action$='/undo/']"))
    clean(browser, axe)
    browser.find("form[action$='/undo/'] button").click()
    browser.until(lambda: browser.all("form[action$='/not/']"))


def test_the_choice_about_a_face_that_is_known_is_for_everybody(browser, axe):
    browser.sign_in()
    add(browser, "Joe Again")
    judge(browser, portrait("biden"))
    clean(browser, axe)
    browser.find("button[value=anyway]").click()
    browser.until(lambda: "Good: this photo is enrolled." in browser.text("#verdicts"))
    browser.open("/people/alike/")
    browser.until(lambda: browser.all("#alike .card"))
    clean(browser, axe)
    browser.open("/people/?q=again")
    browser.find("#people-list tbody .person-cell a").click()
    browser.until(lambda: browser.all("#advice .card"))
    clean(browser, axe)
    forget(browser)


def test_an_import_is_reported_line_by_line_and_decided_there(browser, axe, tmp_path):
    browser.sign_in()
    bring_in(browser, tmp_path)
    where = browser.driver.current_url
    assert "Somebody else has this number." in browser.text("#job")
    assert "1 of 3" not in browser.text("#job")
    clean(browser, axe)
    browser.find("button[value=leave]").click()
    browser.until(lambda: "Left out: it is the same person." in browser.text("#job"))
    assert browser.driver.current_url == where
    browser.open("/people/import/")
    assert browser.all(f"a[href='{where.removeprefix(browser.house.address)}']")
    clean(browser, axe)


def test_what_was_done_with_unknown_faces_stays_at_hand(browser, house, axe):
    browser.sign_in()
    for _ in range(2):
        house.stack.door.send(scene(portrait("astronaut")))
        browser.open("/unknown/")
        browser.until(lambda: "by likeness" in browser.text("#strangers"))  # until then it is replaced
        browser.find("form[action$='/ignore/'] button").click()
        browser.until(lambda: browser.all(".latest"))
    assert browser.all(".stranger") == []
    browser.find(".latest summary").click()
    clean(browser, axe)
    for left in (1, 0):
        browser.find("form[action$='undo/'] button").click()
        browser.until(lambda left=left: len(browser.all(".stranger")) > 0 and len(browser.all(".latest")) == left)
