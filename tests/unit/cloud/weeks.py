"""What happens to mirrors and to Firestore between two pulls."""

import pytest

from hub.cloud import pull as pulling
from hub.cloud import sending
from hub.cloud.remote import DAY_MS, name_of
from hub.model import Device, Status
from hub.shadow import ConfigTemplate
from hub.store.documents import Kind
from tests.fake_firestore import Cloud
from tests.integration.store.records import (
    a_correction,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    see,
)
from tests.unit.cloud.mirrors import Mirror


def day_of_work(mirror: Mirror) -> None:
    mirror.store.add_person(a_person("p-1", name="Ada"))
    mirror.store.add_person(a_person("p-2", name="Bob"))
    mirror.store.add_photo(a_photo(), [a_template()])
    mirror.store.add_device(Device("door-1", 1_000, "", ("1A",)))
    mirror.store.put_config_template(ConfigTemplate("doors", {"led": "off"}, ("door-1",), "office", 1))
    for number in range(8):
        see(mirror.store, a_frame(number), a_face(f"p-{1 + number % 2}"))
    mirror.store.correct(a_correction("c-1", Status.LATE))


def weeks_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    now = pulling.now_ms()
    for module in (pulling, sending):
        monkeypatch.setattr(module, "now_ms", lambda: now + 29 * DAY_MS)


def sweep(cloud: Cloud) -> None:
    """What Firestore does with marks after a month."""
    for place, stored in list(cloud.documents.items()):
        if stored.is_tombstone:
            del cloud.documents[place]


def edit(cloud: Cloud, kind: Kind, key: str, **changes: object) -> None:
    name = name_of(kind, key)
    cloud.write(kind, name, {**cloud.documents[kind, name].fields, **changes})
