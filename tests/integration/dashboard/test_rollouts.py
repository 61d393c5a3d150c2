"""A roll-out lives in the dashboard's process: when that ends in the middle of it, the next one says so."""

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import closing
from http.cookiejar import CookieJar

import pytest

from hub.model import Device
from hub.shadow import ConfigTemplate
from hub.store.opening import open_store
from tests.integration.brokers import Site, free_port
from tests.integration.dashboard.test_process import serving, wait_for

pytest.importorskip("daphne")

PATIENCE_S = 30.0
CAMERAS = ("door-1", "door-2")


class Technician:
    """Somebody at the dashboard, without a browser."""

    def __init__(self, site: Site) -> None:
        command = [sys.executable, "-m", "dashboard", "account", "tech", "--role", "technician", "--json"]
        made = subprocess.run(command, env=site.environ, check=True, capture_output=True, text=True).stdout
        self.password = json.loads(made)["password"]
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def sign_in(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.post("/sign-in/", page="/sign-in/", username="tech", password=self.password)

    def get(self, path: str) -> str:
        return str(self.opener.open(self.root + path).read().decode())

    def post(self, path: str, *, page: str, **fields: str) -> str:
        """Send a form of a page; the address that it leads to."""
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', self.get(page))
        assert token
        form = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token[1]}).encode()
        return str(self.opener.open(self.root + path, form).geturl().removeprefix(self.root))

    def until(self, path: str, words: str) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while words not in (page := self.get(path)):
            assert time.monotonic() < deadline, page
        return page


def test_a_roll_out_that_was_broken_off_is_reported_with_how_far_it_was(broker_site: Site):
    with closing(open_store(broker_site.settings)) as store:
        for device in CAMERAS:
            store.add_device(Device(device, 1))
        store.put_config_template(ConfigTemplate("doors", {"led": "off"}, CAMERAS, "tech", 1))
    port = free_port()
    with serving(broker_site, port):
        wait_for(port, ok=True)
        technician = Technician(broker_site)
        technician.sign_in(port)
        begin, page = "/configs/templates/doors/rollout/", "/configs/templates/doors/"
        where = technician.post(begin, page=page, first="door-2", patience_s="3600")
        technician.until(where, "Sent, no answer yet")  # the camera isn't there
    with serving(broker_site, port):
        technician.sign_in(port)
        shown = technician.get(where)  # at once: the process that ended has still said it
        assert "Broken off" in shown
    assert "Its turn comes later" in shown
    with closing(open_store(broker_site.settings)) as store:
        assert [each.config["led"] for each in store.wanted_configs("door-2")] == ["off"]
        assert store.wanted_configs("door-1") == []
