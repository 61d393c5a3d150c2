"""Every page in a real browser: no violation of the page's policy, and nothing that keeps people out."""

import json

import pytest

from tests.acceptance.stack import portrait, scene

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

PAGES = (
    "/today/", "/today/door/", "/attendance/", "/attendance/month/", "/attendance/range/", "/attendance/arrivals/",
    "/people/", "/people/add/", "/people/import/", "/people/alike/", "/unknown/",
    "/devices/", "/devices/add/", "/devices/door-1/",
    "/devices/door-1/versions/", "/configs/", "/configs/templates/add/", "/configs/rollouts/add/",
    "/system/", "/settings/", "/settings/audit/", "/settings/accounts/", "/settings/accounts/add/", "/account/",
)  # fmt: skip
OF_A_PERSON = ("", "edit/", "enrol/", "erase/")
RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then((found) => done(JSON.stringify(
  found.violations.filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => [each.id, each.nodes.slice(0, 3).map((node) => node.html)]))));
"""


def serious(browser, axe: str) -> list:
    browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})  # not held up by the page's policy
    return json.loads(browser.driver.execute_async_script(RUN_AXE))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(browser, house, axe, scheme):
    house.stack.door.send(scene(portrait("obama", 3)))
    house.stack.door.send(scene(portrait("astronaut")))
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.sign_in()
    browser.open("/people/")
    person = browser.find("#people-list tbody a").get_attribute("href").removeprefix(house.address)
    day = browser.driver.execute_script("return new Date().toISOString().slice(0, 10)")
    places = [*PAGES, *(person + page for page in OF_A_PERSON), f"/attendance/{person.split('/')[-2]}/{day}/"]
    found = {}
    for place in places:
        browser.open(place)
        if violations := serious(browser, axe):
            found[place] = violations
    assert found == {}


def test_axe_finds_nothing_serious_before_signing_in(browser, axe):
    browser.driver.delete_all_cookies()
    browser.open("/sign-in/")
    assert serious(browser, axe) == []


@pytest.mark.parametrize("place", PAGES)
def test_a_phone_shows_each_page_without_scrolling_sideways(browser, place):
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        if "/sign-in/" in browser.driver.current_url or not browser.driver.current_url.startswith("http"):
            browser.sign_in()
        browser.open(place)
        if "/sign-in/" in browser.driver.current_url:
            browser.sign_in()
            browser.open(place)
        browser.until(lambda: browser.driver.execute_script("return innerWidth") == 390)  # the size is taken over
        assert browser.driver.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_keyboard_reaches_the_content_and_the_menu(browser):
    browser.sign_in()
    browser.open("/people/")
    focused = "return [document.activeElement.className, document.activeElement.getAttribute('href')]"
    browser.find("body").send_keys("\ue004")
    assert browser.driver.execute_script(focused)[0] == "skip"
    seen = []
    for _ in range(10):
        browser.driver.switch_to.active_element.send_keys("\ue004")
        seen.append(browser.driver.execute_script(focused)[1])
    assert {"/today/", "/attendance/", "/people/", "/unknown/", "/devices/"} <= set(seen)


def test_a_technician_is_shown_no_face_and_no_name(browser, house):
    house.stack.door.send(scene(portrait("obama", 3)))
    browser.sign_in("technician")
    for place in ("/", "/devices/", "/devices/door-1/", "/system/", "/today/", "/people/"):
        browser.open(place)
        assert "Obama" not in browser.text()
        assert browser.all("img[src*='/faces/'], img[src*='last.jpg']") == []


def test_the_second_language_is_a_click_away(browser):
    browser.sign_in("viewer")
    browser.open("/account/")
    browser.find("button[value=de]").click()
    browser.until(lambda: "Kennwort" in browser.text())
    browser.open("/today/")
    assert "Heute" in browser.text("h1")
    browser.open("/account/")
    browser.find("button[value=en]").click()
    browser.until(lambda: "Password" in browser.text())
