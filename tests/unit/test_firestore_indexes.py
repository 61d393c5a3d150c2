"""The rules by which tests judge queries: Google's examples, and what the file of indexes has to look like."""

import json
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client, Query
from google.cloud.firestore_v1.base_query import FieldFilter

from hub.store.documents import Kind
from tests.firestore_indexes import INDEXES, Shape, needed, serves, shape, without_index

CITIES = Client("a-school", AnonymousCredentials()).collection("cities")


def where(field: str, operator: str, value: object = 1) -> FieldFilter:
    return FieldFilter(field, operator, value)


def shape_of(query: Query) -> Shape:
    return shape(query._to_protobuf())


@pytest.mark.parametrize(
    "query",
    [
        CITIES,
        CITIES.where(filter=where("state", "==")),
        CITIES.where(filter=where("state", "==")).where(filter=where("country", "==")),
        CITIES.where(filter=where("population", "<")),
        CITIES.order_by("name", direction=Query.DESCENDING).limit(3),
        CITIES.where(filter=where("population", ">=")).where(filter=where("population", "<")),
        CITIES.where(filter=where("country", "in", ["USA", "Japan"])),
    ],
    ids=lambda query: str(shape_of(query._query() if hasattr(query, "_query") and callable(query._query) else query)),
)
def test_these_need_no_composite_index(query: Query):
    query = query if isinstance(query, Query) else query.limit(10)
    assert needed(shape_of(query)) is None


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (
            CITIES.where(filter=where("country", "==")).where(filter=where("population", "<")),
            [("country", "ASCENDING"), ("population", "ASCENDING")],
        ),
        (
            CITIES.where(filter=where("country", "==")).order_by("population", direction=Query.DESCENDING),
            [("country", "DESCENDING"), ("population", "DESCENDING")],
        ),
        (
            CITIES.order_by("state").order_by("population", direction=Query.DESCENDING),
            [("state", "ASCENDING"), ("population", "DESCENDING")],
        ),
    ],
)
def test_these_need_one_that_fits(query: Query, fields: list[tuple[str, str]]):
    wanted = needed(shape_of(query))
    assert wanted is not None
    index = {
        "collectionGroup": "cities",
        "queryScope": "COLLECTION",
        "fields": [{"fieldPath": field, "order": order} for field, order in fields],
    }
    assert serves(index, wanted)
    assert not serves(index | {"collectionGroup": "towns"}, wanted)
    assert not serves(index | {"fields": index["fields"][::-1]}, wanted)


def test_the_direction_of_the_order_must_be_that_of_the_index():
    wanted = shape_of(CITIES.where(filter=where("country", "==")).order_by("population"))
    fields = [{"fieldPath": "country", "order": "ASCENDING"}, {"fieldPath": "population", "order": "DESCENDING"}]
    assert not serves({"collectionGroup": "cities", "queryScope": "COLLECTION", "fields": fields}, wanted)


def test_the_order_by_name_that_firestore_adds_itself_needs_nothing():
    assert shape_of(CITIES.order_by("name").order_by("__name__")) == shape_of(CITIES.order_by("name"))


def test_a_query_without_its_index_is_named(tmp_path: Path):
    path = tmp_path / "indexes.json"
    path.write_text('{"indexes": [], "fieldOverrides": []}')
    asked = shape_of(CITIES.where(filter=where("country", "==")).order_by("population"))
    assert without_index([asked, asked], path) == ["cities: country ==, population ASCENDING"]


def test_a_field_whose_own_index_was_switched_off_can_not_be_asked_for(tmp_path: Path):
    path = tmp_path / "indexes.json"
    override = {"collectionGroup": "cities", "fieldPath": "expire_at", "ttl": True, "indexes": []}
    path.write_text(json.dumps({"indexes": [], "fieldOverrides": [override]}))
    assert without_index([shape_of(CITIES.where(filter=where("expire_at", "<")))], path) != []


def test_the_file_has_the_form_that_firebase_reads():
    stated = json.loads(INDEXES.read_text(encoding="utf-8"))
    assert set(stated) == {"indexes", "fieldOverrides"}
    for index in stated["indexes"]:
        assert set(index) == {"collectionGroup", "queryScope", "fields"}
        assert len(index["fields"]) > 1
        assert all(each["order"] in ("ASCENDING", "DESCENDING") for each in index["fields"])
    assert len({json.dumps(index) for index in stated["indexes"]}) == len(stated["indexes"])


def test_google_deletes_what_expires_of_every_kind():
    stated = json.loads(INDEXES.read_text(encoding="utf-8"))
    expiring = [each for each in stated["fieldOverrides"] if each.get("ttl")]
    assert {(each["collectionGroup"], each["fieldPath"]) for each in expiring} == {(kind, "expire_at") for kind in Kind}


def test_faces_and_encodings_are_in_no_index():
    stated = json.loads(INDEXES.read_text(encoding="utf-8"))
    bare = {(each["collectionGroup"], each["fieldPath"]) for each in stated["fieldOverrides"] if not each["indexes"]}
    assert {("events", "faces"), ("photos", "templates"), ("negatives", "vector")} <= bare
