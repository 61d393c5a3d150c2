"""Pages that are the answer to something, and shown once: secrets, codes, receipts. axe looks at them, too."""

from contextlib import closing

import pytest

from hub.model import Consent, Device, Person
from hub.shadow import ConfigTemplate
from hub.store.opening import open_store
from tests.browser.test_pages import serious

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


@pytest.fixture(params=["light", "dark"])
def scheme(request, browser) -> str:
    media = {"features": [{"name": "prefers-color-scheme", "value": request.param}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    return str(request.param)


@pytest.fixture
def person(house, scheme) -> str:
    known = Person(f"p-gone-{scheme}", "Gone Tomorrow", "", "9z", Consent("yes", "test", 1, "1"), 1)
    with closing(open_store(house.stack.site.settings)) as store:
        store.add_person(known)
    return known.person_id


def test_a_new_cameras_credentials(browser, axe, scheme):
    browser.sign_in()
    browser.open("/devices/add/")
    browser.find("#id_device").send_keys(f"once-{scheme}")
    browser.find("form[action='/devices/add/'] button.primary").click()
    browser.until(lambda: browser.all("#camera-password"))
    assert serious(browser, axe) == []


def test_a_one_time_code_and_what_became_of_it(browser, axe, scheme):
    browser.sign_in()
    browser.open("/devices/add/")
    browser.find("#claim_device").send_keys(f"coded-{scheme}")
    browser.find("form[action='/claims/'] button").click()
    code = browser.until(lambda: browser.text("#claim-code"))
    assert serious(browser, axe) == []
    before = browser.text("#claim-state strong")
    browser.until(lambda: browser.text("#claim-state strong") != before)  # it counts down
    browser.open(f"/claims/coded-{scheme}/")
    assert code not in browser.text()
    assert serious(browser, axe) == []


def test_the_receipt_of_an_erasure(browser, axe, person):
    browser.sign_in()
    browser.open(f"/people/{person}/erase/")
    browser.find("#sure").click()
    browser.find("main form button").click()
    browser.until(lambda: "Receipt" in browser.text())
    assert serious(browser, axe) == []


def test_a_template_and_its_roll_out(browser, axe, house, scheme):
    name = f"shown-{scheme}"
    with closing(open_store(house.stack.site.settings)) as store:
        store.add_device(Device(f"away-{scheme}", 1))
        store.put_config_template(ConfigTemplate(name, {"led": "off"}, (f"away-{scheme}",), "admin", 1))
    browser.sign_in()
    browser.open(f"/configs/templates/{name}/")
    assert serious(browser, axe) == []
    browser.find("form[action$='/rollout/'] button").click()
    browser.until(lambda: "Sent, no answer yet" in browser.text("#rollout"))
    browser.driver.execute_script("window.confirm = () => true")
    assert serious(browser, axe) == []
    browser.find("form[action$='/stop/'] button").click()
    browser.until(lambda: "Stopped by hand" in browser.text("#rollout"))
    assert serious(browser, axe) == []


def test_trouble_with_the_cloud(browser, axe, house, scheme):
    with closing(open_store(house.stack.site.settings)) as store:
        store.outbox.switch_on("a-project/main")
        store.outbox.bury(store.outbox.waiting(1)[0], "The document is larger than Firestore takes.")
        store.outbox.in_trouble("Firestore doesn't answer.", pause=True)
        try:
            browser.sign_in()
            browser.open("/system/")
            assert "larger than Firestore takes" in browser.text("#cloud")
            assert serious(browser, axe) == []
            browser.find("form[action$='/cloud/retry/'] button").click()
            browser.until(lambda: "tried again" in browser.text())
            assert store.outbox.dead() == []
        finally:
            store.outbox.switch_off()


def test_settings_that_the_hub_does_not_have_in_force(browser, axe, house, scheme):
    toml = house.stack.site.settings.data_dir / "presenza.toml"
    before = toml.read_text(encoding="utf-8") if toml.exists() else ""
    try:
        toml.write_text(f"{before}\nmin_face_px = 77\n", encoding="utf-8")
        browser.sign_in()
        browser.open("/settings/")
        browser.until(lambda: browser.all("#differs"))
        assert "77" in browser.text("#differs")
        assert serious(browser, axe) == []
    finally:
        toml.write_text(before, encoding="utf-8")
