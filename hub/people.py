"""Who may be enrolled: the rules for a person's data and consent. Pure, but for the look into a store."""

import hashlib
from collections.abc import Iterable

from ulid import ULID

from hub.errors import EnrolmentRefused, NotFound
from hub.model import Consent, Person
from hub.store import Store

MAX_NAME = 200  # characters; also of a number and a group
MAX_CONSENT = 10_000
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))  # invisible, and part of names in several scripts


def new_person(
    name: str, number: str = "", group: str = "", *, consent: str, recorded_by: str, now_ms: int, version: str = ""
) -> Person:
    """A person with a new id. `version` of the consent's text is by default made from the text itself.

    Raises EnrolmentRefused with the reason `consent`, `name`, `number` or `group`.
    """
    text = consent.strip()
    if not text:
        raise EnrolmentRefused("consent", "Nobody is enrolled without consent: say to what the person has agreed.")
    if len(text) > MAX_CONSENT:
        raise EnrolmentRefused("consent", f"The consent is over {MAX_CONSENT} characters.")
    if not name.strip():
        raise EnrolmentRefused("name", "A person needs a name.")
    return Person(
        person_id=f"p-{ULID()}".lower(),
        name=_line("name", name),
        number=_line("number", number),
        group=_line("group", group),
        consent=Consent(text, _line("recorded_by", recorded_by), now_ms, version or text_version(text)),
        created_ms=now_ms,
    )


class Namesakes:
    """Who is there by name and group: all that tells whether a line without a number was imported before."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._known: dict[tuple[str, str], str] = {}
        for person in people:
            self.add(person)

    def add(self, person: Person) -> None:
        self._known.setdefault((person.name, person.group), person.person_id)

    def of(self, person: Person) -> str:
        """The id of somebody who may be the same person; "" for nobody, and for who has a number."""
        return "" if person.number else self._known.get((person.name, person.group), "")


def text_version(text: str) -> str:
    """A version for a text of consent that was given none: equal for equal texts."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def find(store: Store, id_or_number: str) -> Person:
    """The person with this id or number. Raises NotFound."""
    for person in store.people():
        if id_or_number and id_or_number in (person.person_id, person.number):
            return person
    raise NotFound("There is nobody with this id or number; `presenza people list` shows everybody.")


def _line(field: str, text: str) -> str:
    line = text.strip()
    if len(line) > MAX_NAME:
        raise EnrolmentRefused(field, f"The {field.replace('_', ' ')} is over {MAX_NAME} characters.")
    if not line.translate(_JOINERS).isprintable():
        raise EnrolmentRefused(field, f"The {field.replace('_', ' ')} has line breaks or control characters.")
    return line
