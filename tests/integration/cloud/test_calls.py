"""The count of what is asked of Firestore, which the costs in the docs and the test of indexes rest on."""

import queue
from typing import Any

import pytest
from google.cloud.firestore import Client, Query
from google.cloud.firestore_v1.base_query import FieldFilter

from hub.cloud import firebase
from hub.settings import Settings
from tests.firestore_calls import recording


@pytest.fixture
def days(cloud: Settings) -> Any:
    client: Client = firebase.firestore_client(cloud)
    collection = client.collection("sites/main/attendance")
    for number in range(5):
        collection.document(str(number)).create({"day": "2026-01-01", "at": number}, timeout=5, retry=None)
    return collection


def test_a_document_that_a_query_delivers_is_one_read(days: Any):
    with recording() as calls:
        assert len(list(days.where(filter=FieldFilter("at", "<", 3)).stream(timeout=5))) == 3
    assert (calls.reads, calls.writes) == (3, 0)


def test_a_query_that_finds_nothing_is_one_read(days: Any):
    with recording() as calls:
        assert not list(days.where(filter=FieldFilter("at", "<", 0)).stream(timeout=5))
    assert calls.reads == 1


def test_a_get_is_one_read_whether_the_document_is_there_or_not(days: Any):
    with recording() as calls:
        days.document("1").get(timeout=5)
        days.document("none").get(timeout=5)
    assert calls.reads == 2


def test_a_count_is_one_read(days: Any):
    with recording() as calls:
        assert days.count().get(timeout=5)[0][0].value == 5
    assert calls.reads == 1
    assert [str(each) for each in calls.shapes] == ["attendance: all"]


def test_each_document_of_a_commit_is_one_write(days: Any):
    with recording() as calls:
        batch = days.document("1")._client.batch()
        batch.set(days.document("7"), {})
        batch.delete(days.document("1"))
        batch.commit(timeout=5)
    assert calls.writes == 2


def test_a_listener_costs_what_it_delivers(days: Any):
    seen: queue.Queue[int] = queue.Queue()
    with recording() as calls:
        newest = days.order_by("at", direction=Query.DESCENDING).limit(2)
        watch = newest.on_snapshot(lambda documents, changes, time: seen.put(len(documents)))
        assert seen.get(timeout=30) == 2
        days.document("9").create({"day": "2026-01-01", "at": 9}, timeout=5, retry=None)
        assert seen.get(timeout=30) == 2
        watch.unsubscribe()
    assert calls.reads == 3
    assert [str(each) for each in calls.shapes] == ["attendance: at DESCENDING"]
