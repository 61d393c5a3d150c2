"""A camera is configured from the browser: it applies, or says what it refuses."""

from collections.abc import Iterator
from contextlib import closing

import pytest

import broker
from broker.connection import Connection
from hub import wire
from hub.model import Device
from hub.payloads import WantedConfig
from hub.simulator.camera import Camera
from hub.simulator.credentials import Credentials
from hub.simulator.scene import Still
from hub.store.opening import open_store
from tests.acceptance.stack import PATIENCE_S, scene
from tests.broker.clients import claimant
from tests.broker.test_claiming import ask

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def camera(house) -> Iterator[Camera]:
    """A simulated camera that sees a wall: it lives, and sends hardly anything."""
    settings = house.stack.site.settings
    with closing(open_store(settings)) as store:
        store.add_device(Device("gate-1", 1))
    made = Camera(Credentials.of(house.stack.site.add_camera("gate-1")), Still([scene()], begins_ms=1e12))
    made.start()
    made.wait_online(PATIENCE_S)
    yield made
    made.stop()


def test_a_changed_configuration_is_reported_applied(browser, camera):
    browser.sign_in("technician")
    browser.open("/devices/gate-1/")
    field = browser.find("[name=burst_frames]")
    field.clear()
    field.send_keys("3")
    browser.find("form[action$='/config/'] button").click()

    def applied() -> bool:
        browser.open("/devices/gate-1/")
        return bool(browser.all(".toolbar .badge.applied"))

    browser.until(applied)
    assert camera.behaviour.configuration.values["burst_frames"] == 3
    assert browser.all("td.differs") == []


def test_what_the_camera_refuses_is_shown_with_its_own_words(browser, camera, house):
    settings = house.stack.site.settings
    admin = Connection(settings, "dashboard")
    wanted = WantedConfig(version=90, config={"jpeg_quality": 99})
    admin.client.publish(wire.down(settings.site, "gate-1", wire.CONFIG), wanted.encode(), 1, retain=True)
    browser.sign_in("technician")

    def shown() -> bool:
        browser.open("/devices/gate-1/")
        return "must be from 10 to 95" in browser.text()

    browser.until(shown)
    admin.close()


def test_a_code_that_a_camera_redeems_is_said_to_be_used_without_a_reload(browser, house):
    settings = house.stack.site.settings
    desk = broker.Desk(settings, lambda device: None)
    desk.start()
    browser.sign_in("technician")
    browser.open("/devices/add/")
    browser.find("#claim_device").send_keys("gate-3")
    browser.find("form[action='/claims/'] button").click()
    code = browser.until(lambda: browser.text("#claim-code"))
    browser.driver.execute_script("window.marked = true")
    with claimant(settings) as newcomer:
        assert ask(newcomer, code)["ok"]
    browser.until(lambda: "has used the code" in browser.text("#claim-state"))
    assert browser.driver.execute_script("return window.marked")
    desk.stop()


def test_the_state_of_a_camera_follows_it_live(browser, camera):
    browser.sign_in("technician")
    browser.open("/devices/")
    browser.until(lambda: "Online" in browser.text("#camera-gate-1"))


def test_a_new_camera_is_given_what_it_needs_to_connect(browser, house):
    browser.sign_in("technician")
    browser.open("/devices/add/")
    browser.find("#id_device").send_keys("gate-2")
    browser.find("form[action='/devices/add/'] button.primary").click()
    browser.until(lambda: browser.all("#camera-password"))
    assert browser.until(lambda: browser.find(".qr").get_property("naturalWidth"))
    password = browser.text("#camera-password")
    assert password
    browser.open("/devices/gate-2/")
    assert password not in browser.text()
