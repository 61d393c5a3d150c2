"""Who walks up to a camera is on the Today page, without a reload; and nothing is missing after a fault."""

import itertools
import json
import queue
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.acceptance.stack import portrait, run, scene, until

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

# All tests share one house: each motion of this file is a visit of its own, whoever came before.
MOTIONS = itertools.count(7_000)
VISIT = re.compile(r"row-.+?-[0-9a-f]+-[mf]\d+(?=-)")
KEPT = 40  # rows that the page keeps


@pytest.fixture
def guest(house) -> Iterator[str]:
    """Somebody of this test alone, who has no attendance yet: the astronaut, a stranger again afterwards."""
    door, jpeg = house.stack.door, scene(portrait("astronaut"))
    added = ("add", "--name", "Grace Guest", "--consent", "Public figure", "--json", str(portrait("astronaut")))
    person = json.loads(run("people", *added, env=house.stack.environ).stdout)
    yield "Grace Guest"
    run("people", "remove", person["person_id"], "--yes", env=house.stack.environ)
    until(lambda: door.send(jpeg, motion_id=next(MOTIONS))["outcome"] == "unknown")


def names(browser) -> list[str]:
    return browser.texts("#feed .sighting:not([hidden]) .who strong")


def read(browser, attribute: str, selector: str) -> list[str]:
    """An attribute of elements of the feed, read at one moment."""
    script = "return [...document.querySelectorAll(arguments[1])].map((each) => each.getAttribute(arguments[0]))"
    return list(browser.driver.execute_script(script, attribute, f"#feed .sighting {selector}".strip()))


def ids(browser) -> list[str]:
    return read(browser, "id", "")


def visits(browser) -> list[str]:
    """Camera and motion of each row; who it was may be gone meanwhile, as the guest is."""
    return [VISIT.match(row)[0] for row in ids(browser)]


def pictures(browser) -> list[str]:
    return read(browser, "src", ".face img")


def visit(house, person: str) -> None:
    """Somebody walks up, as often as it takes for a frame to be answered: after a fault one may be lost."""
    jpeg, door = scene(portrait(person)), house.stack.door
    for frame_id in itertools.islice(MOTIONS, 100):
        door.publish(jpeg, frame_id, motion_id=frame_id)
        with suppress(queue.Empty):
            while door.acks.get(timeout=3)["frame_id"] != frame_id:
                pass
            return
    raise AssertionError("no frame was answered")


def test_a_person_walks_up_and_their_name_appears_without_a_reload(browser, house, guest):
    browser.sign_in()
    browser.open("/today/")
    browser.until_live()
    present = int(browser.text("[data-tile=present]"))
    browser.driver.execute_script("window.stillTheSamePage = true")
    door, jpeg = house.stack.door, scene(portrait("astronaut"))
    until(lambda: door.send(jpeg, motion_id=next(MOTIONS))["outcome"] == "recognized")  # once the hub knows them
    browser.until(lambda: names(browser)[:1] == [guest])
    assert browser.until(lambda: browser.text("[data-tile=present]") == str(present + 1))
    row = browser.text("#feed .sighting")
    assert "door-1" in row
    assert "Recognized" in row
    browser.until(lambda: browser.find("#feed .face img").get_property("naturalWidth"))
    assert browser.driver.execute_script("return window.stillTheSamePage") is True


def test_later_frames_of_the_same_visit_change_the_row(browser, house):
    browser.sign_in("viewer")
    browser.open("/today/")
    browser.until_live()
    before, motion = ids(browser), next(MOTIONS)
    house.stack.door.send(scene(portrait("astronaut")), motion_id=motion)
    browser.until(lambda: ids(browser)[:1] != before[:1])
    unknown, picture = ids(browser)[0], pictures(browser)[0]
    assert (names(browser)[0], ids(browser)) == ("Unknown", [unknown, *before][:KEPT])
    house.stack.door.send(scene(portrait("astronaut")), motion_id=motion)
    browser.until(lambda: pictures(browser)[0] != picture)
    assert ids(browser) == [unknown, *before][:KEPT]
    house.stack.door.send(scene(portrait("biden")), motion_id=motion)
    browser.until(lambda: names(browser)[0] == "Biden")
    assert ids(browser)[1:] == [unknown, *before][: KEPT - 1]


def test_the_feed_can_be_filtered_and_paused(browser, house):
    visit(house, "obama")
    browser.sign_in()
    browser.open("/today/")
    browser.until(lambda: "Obama" in names(browser))
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
    visit(house, other)
    assert names(browser)[0] == top
    browser.find("#feed-pause").click()
    browser.until(lambda: names(browser)[0].lower() == other)


def test_the_door_view_shows_who_came_last_large(browser, house):
    browser.sign_in("viewer")
    browser.open("/today/door/")
    visit(house, "biden")
    browser.until(lambda: names(browser)[:1] == ["Biden"])
    visit(house, "obama")
    browser.until(lambda: names(browser)[:1] == ["Obama"])
    large, small = browser.all("#feed .sighting")[:2]
    assert large.size["height"] > 2 * small.size["height"]


def test_a_broker_that_restarts_brings_the_banner_and_nothing_is_missing(browser, house):
    browser.sign_in()
    browser.open("/today/")
    browser.until_live()
    before, banner = ids(browser), browser.find("#line-down")
    assert not banner.is_displayed()
    house.stack.site.stop()
    browser.until(banner.is_displayed)
    house.stack.site.start()
    browser.until(lambda: not banner.is_displayed())
    visit(house, "biden")
    browser.until(lambda: ids(browser)[:1] != before[:1])
    assert names(browser)[0] == "Biden"
    live = ids(browser)
    browser.open("/today/")
    browser.until_live()
    assert ids(browser) == live


def test_a_dashboard_that_restarts_is_found_again_and_the_feed_is_whole(browser, house):
    browser.sign_in()
    browser.open("/today/")
    browser.until_live()
    before = visits(browser)
    house.stop()
    browser.until(browser.find("#line-down").is_displayed)
    try:
        visit(house, "obama")
    finally:
        house.start()
    browser.until(lambda: not browser.find("#line-down").is_displayed())
    browser.until(lambda: visits(browser)[:1] != before[:1])
    assert names(browser)[0] == "Obama"
    after = visits(browser)[1:]
    anew = set(after) - set(before)  # of who was erased: gone from the pages before, a stranger to a new process
    assert [each for each in after if each not in anew] == before[: KEPT - 1 - len(anew)]
