"""What the REST API takes and gives."""

from datetime import date
from typing import Literal

from ninja import Field, Schema


class TodayOut(Schema):
    day: date
    present: int
    late: int
    absent: int
    excused: int
    unknown: int
    people: int


class AttendanceOut(Schema):
    """One person's day. Who was not seen on a day that counts is `absent`, without times."""

    person_id: str
    name: str
    number: str
    group: str
    day: date
    status: Literal["present", "late", "absent", "excused"]
    first_seen_ms: int | None = None
    last_seen_ms: int | None = None
    device: str | None = None
    corrected: bool = False


class PersonOut(Schema):
    person_id: str
    name: str
    number: str
    group: str
    created_ms: int


class PeopleOut(Schema):
    total: int
    page: int
    people: list[PersonOut]


class DeviceOut(Schema):
    device: str
    note: str
    state: str
    seen_ms: int | None = None
    firmware: str | None = None


class MarkIn(Schema):
    status: Literal["present", "late", "absent", "excused"]
    reason: str = Field(min_length=3, max_length=300)


class Problem(Schema):
    detail: str
