"""A setting that is changed in the browser is in force at the hub within seconds, and the page says so."""

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def test_a_changed_setting_is_in_force_at_the_running_hub(browser):
    browser.sign_in()
    browser.open("/settings/")
    browser.until(lambda: browser.all("#agrees"))
    field = browser.find("[name=keep_events_days]")
    before = field.get_attribute("value")
    for value in ("77", before):
        field = browser.find("[name=keep_events_days]")
        field.clear()
        field.send_keys(value)
        browser.find("main form button.primary").click()
        browser.until(lambda: "Saved." in browser.text())
        browser.until(lambda: browser.all("#agrees"))
        assert browser.find("[name=keep_events_days]").get_attribute("value") == value
