"""The change of the encoder in a hub that goes on: real worker processes, a real store."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub import faces
from hub.cli import cli
from hub.engines import Engines
from hub.faces import EngineOptions
from hub.identity import Limits
from hub.metrics import Metrics
from hub.model import Consent, Evidence, Outcome, Person, Photo, Skip, Template
from hub.roster import Known, Roster
from hub.store.pictures import FolderPictures
from hub.store.sqlite import SqliteStore
from tests.integration import portraits
from tests.integration.portraits import encoded, person, scene

pytestmark = pytest.mark.engine

WANTED = portraits.options()
OLD = portraits.options(encoder="dlib")
PEOPLE = ("obama", "biden")


class Site:
    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "presenza.db")
        self.pictures = FolderPictures(folder / "pictures")

    def enrol(self, options: EngineOptions) -> None:
        engine = faces.load(options)
        for name in PEOPLE:
            self.store.add_person(Person(name, name, "", "", Consent("yes", "test", 1, "1"), 1))
            analysis = engine.analyze_photo(encoded(person(name, 0)))
            assert analysis.quality is not None
            photo = Photo(f"f-{name}", name, f"people/{name}/f-{name}.jpg", analysis.quality, 1)
            self.pictures.put(photo.key, analysis.upright)
            templates = [Template(name, photo.photo_id, faces.engine_id(options), v) for v in analysis.vectors]
            self.store.add_photo(photo, templates)

    @asynccontextmanager
    async def engines(self, wanted: EngineOptions) -> AsyncIterator[tuple[Engines, Roster]]:
        engines = Engines(wanted, 1, self.store, self.pictures, Metrics())
        try:
            await engines.start()
            yield engines, Roster(self.store, engines.recognizer, Limits())
        finally:
            await engines.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.enrol(OLD)
    yield site
    site.store.close()


async def who(known: Known) -> tuple[str | None, Outcome, int]:
    """Whom a frame shows of Biden, and how long the encoding is."""
    (face,) = (await known.recognizer.look(encoded(scene(person("biden"))), Skip())).faces
    assert face.vector is not None
    match = known.gallery.match(Evidence(face.vector))
    return match.person_id, match.outcome, len(face.vector)


async def test_people_are_recognized_by_the_old_encoder_until_all_photos_are_encoded_anew(site: Site) -> None:
    async with site.engines(WANTED) as (engines, roster):
        before = roster.known
        assert await who(before) == ("biden", Outcome.RECOGNIZED, 128)
        begun = asyncio.create_task(who(before))  # a frame that is under way while the engine is changed
        await engines.keep_up(roster)
        assert await begun == ("biden", Outcome.RECOGNIZED, 128)
        assert await who(roster.known) == ("biden", Outcome.RECOGNIZED, 256)
        assert site.store.templated() == {faces.engine_id(WANTED): len(PEOPLE)}


async def test_a_hub_that_was_stopped_in_between_starts_with_the_old_encoder_again(site: Site) -> None:
    engine = faces.load(WANTED)
    vectors = engine.analyze_photo(site.pictures.get("people/obama/f-obama.jpg")).vectors
    site.store.add_templates([Template("obama", "f-obama", faces.engine_id(WANTED), vector) for vector in vectors])
    async with site.engines(WANTED) as (engines, roster):
        assert len(roster.known.gallery) == len(PEOPLE)
        assert engines.recognizer.engine_id == faces.engine_id(OLD)
        await engines.keep_up(roster)
        assert len(roster.known.gallery) == len(PEOPLE)
        assert engines.recognizer.engine_id == faces.engine_id(WANTED)


async def test_without_a_change_nothing_is_encoded(site: Site) -> None:
    async with site.engines(OLD) as (engines, roster):
        recognizer = engines.recognizer
        await engines.keep_up(roster)
        assert engines.recognizer is recognizer
        assert site.store.templated() == {faces.engine_id(OLD): len(PEOPLE)}


async def test_a_photo_that_is_missing_does_not_keep_the_old_encoder_in_force(site: Site) -> None:
    site.pictures.delete("people/obama/f-obama.jpg")
    async with site.engines(WANTED) as (engines, roster):
        await engines.keep_up(roster)
        assert engines.recognizer.engine_id == faces.engine_id(WANTED)
        assert await who(roster.known) == ("biden", Outcome.RECOGNIZED, 256)
    again = Engines(replace(WANTED), 1, site.store, site.pictures, Metrics())
    assert again.recognizer.engine_id == faces.engine_id(WANTED)


def test_people_encode_encodes_and_names_what_can_not_be(site: Site, tmp_path: Path) -> None:
    site.pictures.delete("people/obama/f-obama.jpg")
    command = ["people", "encode", "--json", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(cli, command, standalone_mode=False)
    assert json.loads(done.stdout) == {
        "encoder": "dlib+sface",
        "encoded": 1,
        "failed": [{"person_id": "obama", "photo_id": "f-obama"}],
    }
    assert done.return_value == 1
    assert [t.person_id for t in site.store.templates(faces.engine_id(WANTED))] == ["biden", "biden"]
