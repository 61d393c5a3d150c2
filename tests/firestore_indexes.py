"""Which composite index a query needs: the rules of Firestore, which its emulator doesn't enforce.

After "Index types in Cloud Firestore" and "Manage indexes" of Google's documentation:
- one field alone is served by the automatic index of that field, in either direction;
- equalities alone are served by merging those;
- anything else needs a composite index: the fields of the equalities, then those of the inequality and the order, with
  exactly the directions of the order. An order by the document's name is implied, in the last direction.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hub.cloud

INDEXES = Path(hub.cloud.__file__).with_name("firestore.indexes.json")
NAME = "__name__"
EQUAL = ("EQUAL", "IN", "ARRAY_CONTAINS", "ARRAY_CONTAINS_ANY")
UNARY_EQUAL = ("IS_NULL", "IS_NAN")


@dataclass(frozen=True)
class Shape:
    """A query without its values. `order` has (field, direction) with all that Firestore adds by itself."""

    collection: str
    group: bool
    equal: frozenset[str]
    order: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        parts = [*(f"{field} ==" for field in sorted(self.equal)), *(f"{field} {way}" for field, way in self.order)]
        return f"{self.collection}{' (group)' if self.group else ''}: {', '.join(parts) or 'all'}"


def shape(query: Any) -> Shape:
    """What of a query (StructuredQuery, or the bare message below it) decides about its index."""
    from google.cloud.firestore_v1.types import StructuredQuery

    if not isinstance(query, StructuredQuery):
        query = StructuredQuery.wrap(query)
    (source,) = query.from_
    equal, unequal = set[str](), list[str]()
    for field, operator in _filters(query.where):
        if operator in EQUAL or operator in UNARY_EQUAL:
            equal.add(field)
        elif field not in unequal:
            unequal.append(field)
    order = [(each.field.field_path, each.direction.name) for each in query.order_by]
    ordered = {field for field, _ in order}
    order += [(field, order[-1][1] if order else "ASCENDING") for field in unequal if field not in ordered]
    order = [(field, way) for field, way in order if field not in equal]
    if order and order[-1] == (NAME, order[-2][1] if len(order) > 1 else "ASCENDING"):
        order.pop()  # Firestore adds that by itself
    return Shape(source.collection_id, source.all_descendants, frozenset(equal), tuple(order))


def needed(wanted: Shape) -> Shape | None:
    """The shape itself when it needs a composite index (or one of a collection group), else None."""
    fields = wanted.equal | {field for field, _ in wanted.order}
    if wanted.group:
        return wanted
    if not wanted.order or fields == {NAME}:
        return None
    return wanted if len(fields) > 1 else None


def serves(index: dict[str, Any], wanted: Shape) -> bool:
    """Whether an entry of the indexes file serves a query."""
    if index["collectionGroup"] != wanted.collection or index["queryScope"] != (
        "COLLECTION_GROUP" if wanted.group else "COLLECTION"
    ):
        return False
    fields = [(each["fieldPath"], each.get("order")) for each in index["fields"]]
    first, rest = fields[: len(wanted.equal)], fields[len(wanted.equal) :]
    return {field for field, _ in first} == wanted.equal and tuple(rest) == wanted.order


def without_index(shapes: Iterable[Shape], path: Path = INDEXES) -> list[str]:
    """The shapes that Google would refuse, with the file as it is; also those of a field without any index."""
    stated = json.loads(path.read_text(encoding="utf-8"))
    bare = {(each["collectionGroup"], each["fieldPath"]) for each in stated["fieldOverrides"] if not each["indexes"]}
    refused = []
    for each in set(shapes):
        fields = each.equal | {field for field, _ in each.order}
        composite = any(serves(index, each) for index in stated["indexes"])
        unindexed = any((each.collection, field) in bare for field in fields)
        if not composite and (needed(each) or unindexed):
            refused.append(str(each))
    return sorted(refused)


def _filters(where: Any) -> list[tuple[str, str]]:
    """(field, operator) of each condition; joined by AND only."""
    if not where:
        return []
    kind = type(where).pb(where).WhichOneof("filter_type")
    if kind == "composite_filter":
        assert where.composite_filter.op.name == "AND", "queries with OR are not understood here"
        return [pair for each in where.composite_filter.filters for pair in _filters(each)]
    if kind is None:
        return []
    condition = getattr(where, kind)
    return [(condition.field.field_path, condition.op.name)]
