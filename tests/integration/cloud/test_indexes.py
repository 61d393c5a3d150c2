"""Every query that the product makes, as it goes out, against the file of indexes that we ship."""

import pytest

from hub.cloud.firestore import Firestore
from hub.settings import Settings
from hub.store.documents import Kind
from tests.firestore_calls import recording
from tests.firestore_indexes import without_index


@pytest.mark.parametrize("kind", Kind)
def test_what_changed_is_asked_for_by_the_time_of_change_alone(cloud: Settings, kind: Kind):
    firestore = Firestore(cloud, "one")
    for number in range(2):
        firestore.set(kind, str(number), {"number": number})
    with recording() as calls:
        page = firestore.changed_since(kind, 0)
        firestore.changed_since(kind, page.documents[-1].changed_us)
    firestore.close()
    assert len(page.documents) == 2
    assert {str(each) for each in calls.shapes} == {f"{kind}: updated_at ASCENDING"}
    assert without_index(calls.shapes) == []


def test_the_next_page_is_the_same_query(cloud: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hub.cloud.firestore.PAGE", 2)
    firestore = Firestore(cloud, "one")
    for number in range(3):
        firestore.set(Kind.DEVICES, str(number), {"number": number})
    with recording() as calls:
        first = firestore.changed_since(Kind.DEVICES, 0)
        rest = firestore.changed_since(Kind.DEVICES, 0, first.last)
    firestore.close()
    assert [each.name for each in (*first.documents, *rest.documents)] == ["0", "1", "2"]
    assert without_index(calls.shapes) == []
    assert calls.reads == 3
