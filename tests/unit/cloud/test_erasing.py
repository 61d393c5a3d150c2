"""Who is erased on one machine is erased on all, and in the cloud: every file and document is searched."""

from dataclasses import replace
from pathlib import Path

from hub.model import Consent, FacePlace, Negative, Outcome
from hub.store.documents import Kind
from tests.fake_firestore import Cloud
from tests.integration.store.records import (
    ENGINE,
    MINUTE_MS,
    NINE_MS,
    a_correction,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    a_vector,
    an_event,
    see,
)
from tests.unit.cloud.mirrors import Mirror, everything

WHO = "01JZAPHOD4711"
SECRETS = ("Zaphod Beeblebrox", "number-90210", "group-of-one", "I, Zaphod, agree", "a private illness")
PICTURE = "results/2026-11-23/z.jpg"


def a_life(mirror: Mirror, other: Mirror) -> None:
    """Zaphod and Ada at one hub; both seen at another, too."""
    name, number, group, consent, illness = SECRETS
    mirror.store.add_person(a_person("p-ada"))
    zaphod = replace(a_person(WHO, name=name, number=number, group=group), consent=Consent(consent, name, 1, "1"))
    mirror.store.add_person(zaphod)
    mirror.store.add_photo(a_photo("f-z", WHO), [a_template("f-z", WHO, seed=4711)])
    mirror.send()
    other.pull()
    see(mirror.store, a_frame(1), a_face(WHO), a_face("p-ada"), picture=PICTURE)
    see(other.store, a_frame(2, device="gate-1", received_ms=NINE_MS - MINUTE_MS), a_face(WHO))
    see(mirror.store, a_frame(3), a_face(WHO, Outcome.UNCERTAIN))
    denied = Negative(an_event(a_frame(3)).event_id, 0, WHO, ENGINE, a_vector(4712), "office", 1)
    mirror.store.deny(denied)
    mirror.store.name_faces([FacePlace(denied.event_id, 0)], "p-ada")
    mirror.store.correct(replace(a_correction(person_id=WHO), reason=illness))
    for each in (mirror, other, mirror, other):
        each.send()
        each.pictures.step()
        each.pull()


def in_cloud(cloud: Cloud) -> str:
    return str([(name, stored.fields) for (_, name), stored in cloud.documents.items()])


def in_files(folder: Path, secret: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_who_is_erased_is_gone_from_every_machine_and_from_the_cloud(
    here: Mirror, there: Mirror, cloud: Cloud, tmp_path: Path
) -> None:
    a_life(here, there)
    assert len(cloud.of(Kind.CONFLICTS)) == 1
    assert everything(here) == everything(there)
    assert all(secret in in_cloud(cloud) for secret in SECRETS)
    assert all(in_files(tmp_path / name, SECRETS[0].encode()) for name in ("here", "there"))
    there.store.remove_person(WHO)
    for each in (there, here, there, here):
        each.send()
        each.pictures.step()
        each.pull()
    assert [secret for secret in SECRETS if secret in in_cloud(cloud)] == []
    assert [each.name for each in cloud.of(Kind.PEOPLE) if each.is_tombstone] == [WHO]
    assert in_cloud(cloud).count(WHO) == 1
    assert cloud.of(Kind.CONFLICTS) == cloud.of(Kind.CORRECTIONS) == []
    assert [secret for secret in SECRETS if in_files(tmp_path, secret.encode())] == []
    assert PICTURE not in here.bucket.there
    assert everything(here) == everything(there)
    assert [person.person_id for person in here.store.people()] == ["p-ada"]
    assert len(here.store.attendance("2026-11-23", "2026-11-23")) == 1


def test_encodings_are_sealed_in_the_cloud_and_go_with_the_person(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    a_life(here, there)
    (template,) = here.store.templates(ENGINE)
    (photo,) = cloud.of(Kind.PHOTOS)
    (sent,) = photo.fields["templates"]  # type: ignore[misc, attr-defined]
    assert template.vector.tobytes() not in sent["vector"]
    assert len(sent["vector"]) > template.vector.nbytes
    (negative,) = cloud.of(Kind.NEGATIVES)
    assert not negative.is_tombstone
    here.store.remove_person(WHO)
    here.send()
    assert [stored.is_tombstone for kind in (Kind.PHOTOS, Kind.NEGATIVES) for stored in cloud.of(kind)] == [True] * 2
