"""Who walks up to a camera is on the Today page, without a reload; and nothing is missing after a fault."""

import queue
from contextlib import suppress

import pytest

from tests.acceptance.stack import portrait, scene

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def names(browser) -> list[str]:
    return browser.texts("#feed .sighting:not([hidden]) .who strong")


def visit(house, person: str, number: int) -> None:
    """Somebody walks up, as often as it takes for a frame to be answered: after a fault one may be lost."""
    jpeg, door = scene(portrait(person)), house.stack.door
    for frame_id in range(7_000 + 100 * number, 7_100 + 100 * number):
        door.publish(jpeg, frame_id, motion_id=frame_id)
        with suppress(queue.Empty):
            while door.acks.get(timeout=3)["frame_id"] != frame_id:
                pass
            return
    raise AssertionError("no frame was answered")


def test_a_person_walks_up_and_their_name_appears_without_a_reload(browser, house):
    browser.sign_in()
    browser.open("/today/")
    browser.until_live()
    browser.driver.execute_script("window.stillTheSamePage = true")
    assert house.stack.door.send(scene(portrait("obama", 3)))["outcome"] == "recognized"
    browser.until(lambda: names(browser)[:1] == ["Obama"])
    assert browser.until(lambda: browser.text("[data-tile=present]") == "1")
    row = browser.text("#feed .sighting")
    assert "door-1" in row
    assert "Recognized" in row
    browser.until(lambda: browser.find("#feed .face img").get_property("naturalWidth"))
    assert browser.driver.execute_script("return window.stillTheSamePage") is True


def test_later_frames_of_the_same_visit_change_the_row(browser, house):
    browser.sign_in("viewer")
    browser.open("/today/")
    browser.until_live()
    before = len(names(browser))
    house.stack.door.send(scene(portrait("astronaut")))
    browser.until(lambda: names(browser)[0] == "Unknown")
    house.stack.door.send(scene(portrait("astronaut")))
    house.stack.door.send(scene(portrait("biden")))
    browser.until(lambda: names(browser)[0] == "Biden")
    assert len(names(browser)) == before + 2


def test_the_feed_can_be_filtered_and_paused(browser, house):
    browser.sign_in()
    browser.open("/today/")
    browser.until_live()
    browser.driver.execute_script(
        "const s = document.querySelector('[name=camera]'); s.add(new Option('door-9'));"
        "s.value = 'door-9'; s.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    assert names(browser) == []
    browser.open("/today/")
    browser.until_live()
    browser.find("#feed-pause").click()
    top = names(browser)[0]
    other = "biden" if top == "Obama" else "obama"
    visit(house, other, 1)
    assert names(browser)[0] == top
    browser.find("#feed-pause").click()
    browser.until(lambda: names(browser)[0].lower() == other)


def test_the_door_view_shows_who_came_last_large(browser, house):
    browser.sign_in("viewer")
    browser.open("/today/door/")
    visit(house, "obama", 2)
    browser.until(lambda: names(browser)[:1] == ["Obama"])
    large, small = browser.all("#feed .sighting")[:2]
    assert large.size["height"] > 2 * small.size["height"]


def test_a_broker_that_restarts_brings_the_banner_and_nothing_is_missing(browser, house):
    browser.sign_in()
    browser.open("/today/")
    browser.until_live()
    banner = browser.find("#line-down")
    assert not banner.is_displayed()
    house.stack.site.stop()
    browser.until(banner.is_displayed)
    house.stack.site.start()
    browser.until(lambda: not banner.is_displayed())
    visit(house, "biden", 3)
    browser.until(lambda: names(browser)[0] == "Biden")
    live = [each.get_attribute("id") for each in browser.all("#feed .sighting")]
    browser.open("/today/")
    browser.until_live()
    assert [each.get_attribute("id") for each in browser.all("#feed .sighting")] == live


def test_a_dashboard_that_restarts_is_found_again_and_the_feed_is_whole(browser, house):
    browser.sign_in()
    browser.open("/today/")
    browser.until_live()
    before = names(browser)
    house.stop()
    browser.until(browser.find("#line-down").is_displayed)
    try:
        visit(house, "obama", 4)
    finally:
        house.start()
    browser.until(lambda: not browser.find("#line-down").is_displayed())
    browser.until(lambda: names(browser)[0] == "Obama")
    assert names(browser)[1 : len(before)] == before[: len(before) - 1]
