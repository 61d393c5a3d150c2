"""Enrolling in the browser: from files and from the door; a face in the queue becomes somebody."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from hub.model import Device
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from hub.simulator.scene import Still
from hub.store.opening import open_store
from tests.acceptance.stack import PATIENCE_S, portrait, scene

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def add(browser, name: str) -> None:
    """Add a person; the browser is then on the page of their photos."""
    browser.open("/people/add/")
    browser.find("[name=name]").send_keys(name)
    browser.find("[name=agreed]").click()
    browser.find("main form button.primary").click()
    browser.until(lambda: browser.all("#photos"))


def judge(browser, *photos) -> str:
    browser.find("#photos").send_keys("\n".join(map(str, photos)))
    browser.find("#photo-form button").click()
    browser.until(lambda: browser.all(".verdict"))
    return browser.text("#verdicts")


def forget(browser) -> None:
    """Erase the person whose page, or page of photos, the browser is on."""
    if browser.all("#photo-form"):
        browser.find("header.head a.button").click()
    browser.until(lambda: browser.all("a[href$='/erase/']"))
    browser.find("a[href$='/erase/']").click()
    browser.find("#sure").click()
    browser.find("main form button").click()
    browser.until(lambda: "Receipt" in browser.text())


@pytest.fixture(scope="module")
def porch(house) -> Iterator[Camera]:
    """A simulated camera before which the astronaut stands; it sends nothing unless it is told to."""
    with closing(open_store(house.stack.site.settings)) as store:
        store.add_device(Device("porch-1", 1))
    sees = Still([scene(portrait("astronaut"))], begins_ms=1e12)
    made = Camera(Credentials.of(house.stack.site.add_camera("porch-1")), sees)
    made.start()
    made.wait_online(PATIENCE_S)
    yield made
    made.stop()


def test_a_bad_photo_is_explained_and_a_face_that_is_known_is_named(browser, tmp_path):
    browser.sign_in()
    add(browser, "Nobody Yet")
    wall = tmp_path / "wall.jpg"
    wall.write_bytes(scene())
    said = judge(browser, wall, portrait("biden"))
    assert "There is no face in this picture." in said
    assert "This face is enrolled already, as Biden." in said


def test_who_is_enrolled_by_upload_is_recognized_in_the_next_frame(browser, house):
    browser.sign_in()
    assert house.stack.door.send(scene(portrait("astronaut")))["outcome"] == "unknown"
    add(browser, "Eileen Collins")
    assert "Good: this photo is enrolled." in judge(browser, portrait("astronaut"))
    browser.until(lambda: house.stack.door.send(scene(portrait("astronaut")))["outcome"] != "unknown")
    browser.open("/today/")
    browser.until(lambda: "Eileen Collins" in browser.text("#feed"))
    browser.open("/people/")
    browser.find("[name=q]").send_keys("coll")
    browser.until(
        lambda: [each.text for each in browser.all("#people-list tbody .person-cell a")] == ["Eileen Collins"]
    )
    browser.find("#people-list tbody .person-cell a").click()
    forget(browser)
    browser.until(lambda: house.stack.door.send(scene(portrait("astronaut")))["outcome"] == "unknown")
    browser.open("/today/")
    assert "Collins" not in browser.text()


def test_an_unknown_face_is_given_to_somebody_and_taken_back(browser, house):
    browser.sign_in()
    house.stack.door.send(scene(portrait("astronaut")))
    browser.open("/unknown/")
    browser.until(lambda: browser.all("#strangers [role=status]") and "by likeness" in browser.text("#strangers"))
    assert len(browser.all(".stranger")) == 1
    field = browser.find(".stranger [name=person]")
    field.send_keys("Obama")
    browser.find(".stranger button.primary").click()
    browser.until(lambda: "Obama" in browser.text(".notes"))
    assert browser.all(".stranger") == []
    browser.find("form[action$='undo/'] button").click()
    browser.until(lambda: len(browser.all(".stranger")) == 1)


def test_the_browsers_own_camera_enrols(browser):
    browser.sign_in()
    add(browser, "Eileen at the Desk")
    browser.find("#lens [data-open]").click()
    browser.until(lambda: browser.driver.execute_script("return document.querySelector('#lens video').videoWidth") > 0)
    browser.find("#lens [data-shoot]").click()
    browser.until(lambda: browser.all(".verdict"))
    assert "Good: this photo is enrolled." in browser.text("#verdicts")
    assert "Three photos are advised" in browser.text("#enrolled")
    assert len(browser.all("#enrolled img")) == 1
    forget(browser)


def test_a_camera_at_the_door_enrols_who_stands_before_it(browser, house, porch):
    browser.sign_in()
    add(browser, "Eileen on the Porch")
    browser.find("#device").send_keys("porch-1")
    browser.find("form[action$='/enrol/door/'] button").click()
    browser.until(lambda: browser.all(".verdict") or browser.all("#verdicts [role=alert]"))
    assert "Good: this photo is enrolled." in browser.text("#verdicts")
    browser.until(lambda: house.stack.door.send(scene(portrait("astronaut")))["outcome"] != "unknown")
    forget(browser)


def test_a_twin_is_enrolled_by_who_made_sure(browser):
    browser.sign_in()
    add(browser, "Joe the Twin")
    judge(browser, portrait("biden"))
    assert len(browser.all(".verdict.ask figure img")) == 2
    browser.find("button[value=anyway]").click()
    browser.until(lambda: "Good: this photo is enrolled." in browser.text("#verdicts"))
    assert browser.all("button[value=anyway]") == []
    assert len(browser.all("#enrolled .photo")) == 1
    browser.open("/people/alike/")
    browser.until(lambda: "Probably one person, enrolled twice." in browser.text("#alike"))
    browser.find("#alike figcaption a[href^='/people/']").click()
    browser.until(lambda: "Looks like" in browser.text("#advice"))
    browser.open("/people/?q=twin")
    browser.find("#people-list tbody .person-cell a").click()
    forget(browser)


def test_a_name_that_is_wrong_is_taken_away_and_given_back(browser, house):
    browser.sign_in()
    house.stack.door.send(scene(portrait("obama", 0)))
    browser.open("/today/")
    browser.until(lambda: browser.all("#feed .not"))
    browser.find("#feed .not").click()
    browser.until(lambda: "Is this Obama?" in browser.text("h1"))
    browser.find("form[action$='/not/'] button").click()
    browser.until(lambda: "Noted: this is not Obama." in browser.text(".notes"))
    where = browser.driver.current_url
    browser.open("/unknown/")
    assert browser.all(".stranger")
    browser.driver.get(where)
    browser.find("form[action$='/undo/'] button").click()
    browser.until(lambda: "may be Obama again" in browser.text(".notes"))


def test_names_with_markup_are_shown_as_text(browser):
    browser.sign_in()
    name = "<img src=x onerror=alert(1)> & Söhne"
    add(browser, name)
    browser.open("/people/")
    assert name in browser.text("#people-list")
    assert browser.all("#people-list img[src=x]") == []
