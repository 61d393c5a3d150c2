"""How it stands with the cloud, on the System page, in /metrics and /healthz."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dashboard.runtime import Runtime, now_ms
from dashboard.system import cloud
from hub.model import Person
from hub.store.outbox import SyncFigures
from hub.store.sqlite import SqliteStore
from tests.unit.dashboard.conftest import CONSENT

WELL = SyncFigures(True, 0, 0, None, 0, 0, 0, None, None, 1_000, 1_000)


@pytest.fixture
def mirror(site: Runtime) -> Iterator[Runtime]:
    """A site that is mirrored: one person waits for the cloud, one row can't be sent."""
    store = SqliteStore(site.settings.database)
    store.outbox.switch_on("project/space")
    store.add_person(Person("p-one", "Ada Example", "1", "5a", CONSENT, 1))
    store.add_person(Person("p-two", "Bob Sample", "2", "5a", CONSENT, 1))
    bad = next(each for each in store.outbox.waiting(10) if each.key == "p-two")
    store.outbox.bury(bad, "the document is larger than Firestore takes")
    site.store = store
    site.settings = site.settings.model_copy(update={"store": "firestore"})
    yield site
    store.close()


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "well"),
        ({"waiting": 3, "since_ms": 9_000}, "well"),
        ({"waiting": 3, "since_ms": 9_000 - cloud.LATE_MS}, "late"),
        ({"dead": 1, "since_ms": 0}, "dead"),
        ({"trouble": "no answer", "dead": 1}, "trouble"),
        ({"paused": "no right", "trouble": None, "dead": 1}, "paused"),
    ],
)
def test_the_worst_of_what_there_is_to_say_comes_first(changes, state):
    assert cloud.state_of(replace(WELL, **changes), 10_000) == state


def test_a_site_without_a_cloud_says_so(site, sign_in):
    page = sign_in("technician").get("/system/").content.decode()
    assert "Not used" in page
    assert 'id="cloud"' not in page
    assert "cloud" not in sign_in("admin").get("/healthz").json()


def test_what_waits_and_what_was_set_aside_is_shown_with_its_reason_and_without_names(mirror, sign_in):
    page = sign_in("technician").get("/system/").content.decode()
    assert "Something can&#x27;t be sent" in page
    assert "the document is larger than Firestore takes" in page
    assert "p-two" in page
    assert "Bob" not in page
    assert "/system/cloud/retry/" not in page


def test_a_pause_is_shown_with_its_reason(mirror, sign_in):
    mirror.store.outbox.in_trouble("Firestore refuses us: the key was taken back.", pause=True)
    page = sign_in("admin").get("/system/").content.decode()
    assert "the key was taken back" in page
    assert "Paused" in page
    assert sign_in("technician").get("/healthz").json()["cloud"] is False


def test_an_administrator_has_it_tried_again_and_nobody_else(mirror, sign_in):
    asked = mirror.store.outbox.asked()
    assert sign_in("technician").post("/system/cloud/retry/").status_code == 403
    assert sign_in("admin").post("/system/cloud/retry/").status_code == 302
    assert mirror.store.outbox.dead() == []
    assert mirror.store.outbox.asked() == asked + 1


def test_a_mirror_that_the_settings_do_not_name_is_called_so(mirror, sign_in):
    mirror.settings = mirror.settings.model_copy(update={"store": "sqlite"})
    assert "presenza sync off" in sign_in("technician").get("/system/").content.decode()


def test_prometheus_gets_the_figures(mirror, sign_in):
    text = sign_in("technician").get("/metrics").content.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("presenza_cloud_"))
    assert float(values["presenza_cloud_dead"]) == 1
    assert float(values["presenza_cloud_waiting"]) >= 1
    assert float(values["presenza_cloud_paused"]) == 0
    assert 0 <= float(values["presenza_cloud_oldest_waiting_seconds"]) < 3600
    assert cloud.metrics(WELL, now_ms())["oldest_waiting_seconds"] == 0
