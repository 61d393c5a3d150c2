"""Enrolling in the browser: from files and from the door; a face in the queue becomes somebody."""

import pytest

from tests.acceptance.stack import portrait, scene

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
    browser.find("a[href$='/erase/']").click()
    browser.find("#sure").click()
    browser.find("main form button").click()
    browser.until(lambda: "Receipt" in browser.text())
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


def test_names_with_markup_are_shown_as_text(browser):
    browser.sign_in()
    name = "<img src=x onerror=alert(1)> & Söhne"
    add(browser, name)
    browser.open("/people/")
    assert name in browser.text("#people-list")
    assert browser.all("#people-list img[src=x]") == []
