"""What Google's library raises, as what it means: wait, stop and say why, set aside, or look what is there."""

from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions as api
from google.auth.exceptions import RefreshError, TransportError

from hub.cloud import firebase
from hub.cloud.firestore import Firestore
from hub.cloud.remote import AlreadyThere, Changed, NotAllowed, Refused, Stored, Unreachable
from hub.settings import load
from hub.store.documents import Kind

REVOKED = "Getting metadata from plugin failed with error: ('invalid_grant: Invalid JWT Signature.', …)"
FOR_ALL = [
    (api.ServiceUnavailable("no route"), Unreachable),
    (api.DeadlineExceeded("5 s"), Unreachable),
    (api.ResourceExhausted("quota"), Unreachable),
    (api.InternalServerError("oh"), Unreachable),
    (api.Aborted("contention"), Unreachable),
    (api.Cancelled("closed"), Unreachable),
    (api.Unknown("?"), Unreachable),
    (TransportError("no DNS"), Unreachable),
    (api.PermissionDenied("Missing or insufficient permissions."), NotAllowed),
    (api.Unauthenticated("who?"), NotAllowed),
    (api.ServiceUnavailable(REVOKED), NotAllowed),
    (RefreshError("invalid_grant"), NotAllowed),
    (api.NotFound("The database (default) does not exist for project a-school"), NotAllowed),
    (api.InvalidArgument("A document can't be larger than 1,048,576 bytes."), Refused),
    (ValueError("bad field"), Refused),
    (TypeError("Cannot convert to a Firestore Value"), Refused),
    (ValueError("Cannot invoke RPC on closed channel!"), Unreachable),
]


class Reference:
    """A document's reference whose every call raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def _raise(self, *_: Any, **__: Any) -> Any:
        raise self._error

    create = get = set = update = delete = _raise


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(error: Exception) -> Firestore:
        collection = SimpleNamespace(document=lambda name: Reference(error))
        site = SimpleNamespace(collection=lambda name: collection)
        client = SimpleNamespace(document=lambda *path: site, write_option=lambda **named: None)
        monkeypatch.setattr(firebase, "firestore_client", lambda settings: client)
        return Firestore(load({}, store="firestore", firebase_project="a-school"), "me")

    return make


@pytest.mark.parametrize(("error", "meaning"), FOR_ALL, ids=lambda value: getattr(value, "__name__", None))
def test_an_error_is_told_for_what_it_means(failing: Any, error: Exception, meaning: type[Exception]) -> None:
    remote = failing(error)
    stored = Stored("p-1", {}, None, 0)
    for call in (
        lambda: remote.create(Kind.PEOPLE, "p-1", {}),
        lambda: remote.get(Kind.PEOPLE, "p-1"),
        lambda: remote.set(Kind.PEOPLE, "p-1", {}),
        lambda: remote.replace(Kind.PEOPLE, stored, {}),
        lambda: remote.delete(Kind.PEOPLE, "p-1"),
    ):
        with pytest.raises(meaning) as raised:
            call()
        assert type(raised.value) is meaning
        assert str(raised.value).endswith(".")


def test_only_where_a_document_is_expected_its_state_is_the_answer(failing: Any) -> None:
    stored = Stored("p-1", {}, None, 0)
    with pytest.raises(AlreadyThere):
        failing(api.AlreadyExists("Document already exists")).create(Kind.PEOPLE, "p-1", {})
    for error in (api.FailedPrecondition("the stored version"), api.NotFound("No document to update: …")):
        with pytest.raises(Changed):
            failing(error).replace(Kind.PEOPLE, stored, {})
    with pytest.raises(NotAllowed):  # Firestore in Datastore mode
        failing(api.FailedPrecondition("The Cloud Firestore API is not available")).set(Kind.PEOPLE, "p-1", {})


def test_no_sentence_holds_what_was_in_the_document(failing: Any) -> None:
    with pytest.raises(Refused) as raised:
        failing(api.InvalidArgument("field name has value Zaphod")).set(Kind.PEOPLE, "p-1", {"name": "Zaphod"})
    assert "Zaphod" not in str(raised.value)
