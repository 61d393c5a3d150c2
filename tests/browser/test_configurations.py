"""A template is brought to cameras from the browser: one goes ahead, the other follows."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from hub.model import Device
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from hub.simulator.scene import Still
from hub.store.opening import open_store
from tests.acceptance.stack import PATIENCE_S, scene

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
CAMERAS = ("yard-1", "yard-2")


@pytest.fixture(scope="module")
def cameras(house) -> Iterator[list[Camera]]:
    """Simulated cameras that see a wall: they send a picture only when they are asked for one."""
    settings = house.stack.site.settings
    made = []
    for name in CAMERAS:
        with closing(open_store(settings)) as store:
            store.add_device(Device(name, 1))
        made.append(Camera(Credentials.of(house.stack.site.add_camera(name)), Still([scene()], begins_ms=1e12)))
    for each in made:
        each.start()
    for each in made:
        each.wait_online(PATIENCE_S)
    yield made
    for each in made:
        each.stop()


def make_template(browser, name: str, frames: str) -> None:
    browser.open("/configs/templates/add/")
    browser.find("[name=name]").send_keys(name)
    browser.find("[name=burst_frames]").send_keys(frames)
    for camera in CAMERAS:
        browser.find(f"input[value={camera}]").click()
    browser.find("main form button.primary").click()
    browser.until(lambda: browser.all("form[action$='/rollout/']"))


def test_a_roll_out_is_followed_live_to_its_end(browser, cameras):
    browser.sign_in("technician")
    make_template(browser, "yard", "4")
    browser.find("form[action$='/rollout/'] button").click()
    browser.until(lambda: browser.all("#rollout"))
    browser.driver.execute_script("window.marked = true")
    browser.until(lambda: "All have applied it" in browser.text("#rollout"))
    assert browser.driver.execute_script("return window.marked")  # without a reload
    assert [each.behaviour.configuration.values["burst_frames"] for each in cameras] == [4, 4]
    browser.open("/devices/yard-2/versions/")
    assert "template yard" in browser.text()


def test_a_roll_out_to_a_camera_that_is_away_is_stopped_by_hand(browser, cameras):
    cameras.pop(0).stop()
    browser.sign_in("technician")
    make_template(browser, "yard-slow", "3")
    browser.find("form[action$='/rollout/'] button").click()
    browser.until(lambda: "Sent, no answer yet" in browser.text("#rollout"))
    browser.driver.execute_script("window.confirm = () => true")
    browser.find("form[action$='/stop/'] button").click()
    browser.until(lambda: "Stopped by hand" in browser.text("#rollout"))
    assert cameras[0].behaviour.configuration.values["burst_frames"] == 4
