"""The pages of attendance: who was there, corrections that only add, files."""

import csv
import io
from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from dashboard.attendance import charts
from dashboard.attendance.days import Ledger, days_of_month, month_after, month_before
from dashboard.audit.models import Entry
from hub.model import Status
from tests.unit.dashboard.records import DAY, EIGHT_MS, attended, see

BERLIN = ZoneInfo("Europe/Berlin")
FORM = {"status": "excused", "reason": "ill at home"}


@pytest.fixture
def seen(site):
    """On a Monday Ada was in time and Bob late; Cem wasn't there."""
    see(site, 1, marks=(attended("p-ada"), attended("p-bob", status=Status.LATE, at_ms=EIGHT_MS + 7_200_000)))
    return site


def cells(site, day: date = date(2026, 9, 28)) -> dict[str, str]:
    ledger = Ledger(site.store.attendance(DAY, DAY), date(2026, 10, 1), BERLIN)
    return {person.person_id: ledger.cell(person, day).status for person in site.store.people()}


def test_who_was_not_seen_on_a_day_with_attendance_is_absent(seen):
    assert cells(seen) == {"p-ada": "present", "p-bob": "late", "p-cem": "absent"}


def test_a_day_without_attendance_says_nothing_of_anybody(seen):
    assert set(cells(seen, date(2026, 9, 27)).values()) == {""}


def test_a_day_to_come_makes_nobody_absent(seen):
    ledger = Ledger([attended("p-ada")], date(2026, 9, 1), BERLIN)
    assert ledger.cell(seen.store.person("p-cem"), date(2026, 9, 28)).status == ""


def test_nobody_is_absent_on_days_before_they_were_enrolled(seen):
    seen.store.update_person(replace(seen.store.person("p-cem"), created_ms=EIGHT_MS + 24 * 3_600_000))
    assert cells(seen)["p-cem"] == ""
    ledger = Ledger(seen.store.attendance(DAY, DAY), date(2026, 10, 1), BERLIN)
    assert ledger.totals([seen.store.person("p-cem")]) == {"p-cem": {"absent": 0}}


def test_the_day_page_counts_and_filters(seen, sign_in):
    client = sign_in("viewer")
    page = client.get(f"/attendance/?day={DAY}").content.decode()
    assert all(name in page for name in ("Ada Example", "Bob Sample", "Cem Other", "08:00", "10:00"))
    late = client.get(f"/attendance/?day={DAY}&status=late").content.decode()
    assert "Bob Sample" in late
    assert "Ada Example" not in late
    assert "Cem Other" not in client.get(f"/attendance/?day={DAY}&group=5a").content.decode()


def test_the_month_sheet_links_each_day(seen, sign_in):
    page = sign_in("viewer").get("/attendance/month/?month=2026-09").content.decode()
    assert f'<a class="cell late" href="/attendance/p-bob/{DAY}/" aria-label="28: Late">L</a>' in page


def test_a_range_counts_days_of_each_status(seen, sign_in):
    answer = sign_in("viewer").get("/attendance/range/?from=2026-09-21&to=2026-09-30")
    totals = {person.person_id: dict(total) for person, total in answer.context["lines"]}
    assert totals["p-cem"] == {"absent": 1}
    assert totals["p-bob"] == {"late": 1, "absent": 0}


@pytest.mark.parametrize(
    "query", ["day=yesterday", "from=2026-13-01", "from=1000-01-01&to=2026-01-01", "page=x", "day=%00"]
)
def test_an_address_that_makes_no_sense_still_shows_a_page(seen, sign_in, query):
    client = sign_in("viewer")
    for where in ("/attendance/", "/attendance/range/", "/attendance/arrivals/", "/attendance/month/"):
        assert client.get(f"{where}?{query}").status_code == 200


def test_a_correction_is_added_and_what_was_seen_stays_visible(seen, sign_in):
    client = sign_in("teacher", ("5a",))
    assert client.post(f"/attendance/p-bob/{DAY}/correct/", FORM).status_code == 302
    client.post(f"/attendance/p-bob/{DAY}/correct/", {**FORM, "status": "present", "reason": "was here, in fact"})
    page = client.get(f"/attendance/p-bob/{DAY}/").content.decode()
    assert all(words in page for words in ("ill at home", "was here, in fact", "teacher-1", "10:00:00"))
    assert [each.status for each in seen.store.corrections("p-bob", DAY)] == [Status.EXCUSED, Status.PRESENT]
    assert ("attendance", "") in seen.line.told
    assert Entry.objects.filter(action="corrected", target=f"p-bob {DAY}").count() == 2


def test_a_correction_without_a_reason_is_refused_and_keeps_what_was_typed(seen, sign_in):
    answer = sign_in("admin").post(f"/attendance/p-bob/{DAY}/correct/", {"status": "excused", "reason": "x"})
    assert answer.status_code == 422
    assert 'value="excused" selected' in answer.content.decode()
    assert seen.store.corrections("p-bob", DAY) == []


def test_the_csv_says_what_it_shows_and_names_cannot_become_formulas(seen, sign_in):
    seen.store.update_person(replace(seen.store.person("p-ada"), name="=cmd|' /C calc'!A0"))
    answer = sign_in("viewer").get(f"/attendance/export.csv?day={DAY}&group=5a")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert ["From", DAY] in lines
    assert ["Group", "5a"] in lines
    assert [line[2] for line in lines[-2:]] == ["'=cmd|' /C calc'!A0", "Bob Sample"]
    assert lines[-1][4:8] == ["Late", "10:00:00", "11:00:00", "door-1"]


def test_the_xlsx_can_be_opened_and_has_the_same(seen, sign_in):
    answer = sign_in("viewer").get(f"/attendance/export.xlsx?from={DAY}&to={DAY}")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert ["From", DAY] in [row[:2] for row in rows]
    assert [row[2] for row in rows[-3:]] == ["Ada Example", "Bob Sample", "Cem Other"]


def test_arrivals_are_counted_in_five_minutes():
    chart = charts.histogram({time(8, 1): 1, time(8, 4): 1, time(8, 59): 1, time(9, 3): 1}, time(9, 0))
    assert [(bar.start, bar.count, bar.late) for bar in chart.bars] == [
        (time(8, 0), 2, False), (time(8, 55), 1, False), (time(9, 0), 1, True),
    ]  # fmt: skip
    assert charts.histogram({}, time(9, 0)) is None


@pytest.mark.parametrize("at", [time(0, 0), time(23, 59)])
def test_arrivals_at_the_ends_of_a_day_are_drawn(at):
    assert sum(bar.count for bar in charts.histogram({at: 1}, time(9, 0)).bars) == 1


def test_a_year_of_squares_has_every_day_once():
    picture = charts.heatmap(date(2025, 11, 22), date(2026, 11, 21), {date(2026, 2, 2): "late"})
    assert len(picture.days) == len({(each.x, each.y) for each in picture.days}) == 365
    assert [each.status for each in picture.days if each.status != "none"] == ["late"]


def test_months_follow_each_other():
    assert len(days_of_month(date(2028, 2, 10))) == 29
    assert month_before(date(2026, 1, 5)) == date(2025, 12, 1)
    assert month_after(date(2026, 12, 31)) == date(2027, 1, 1)


def test_arrivals_are_those_of_the_group_the_search_and_what_the_account_may_see(site, sign_in):
    see(site, 1, "p-ada", marks=(attended("p-ada"),))
    see(site, 2, "p-cem", marks=(attended("p-cem", status=Status.LATE),))
    span = f"from={DAY}&to={DAY}"

    def counted(client, more: str = "") -> tuple[int, int]:
        context = client.get(f"/attendance/arrivals/?{span}{more}").context
        return context["count"], context["late"]

    admin, teacher = sign_in("admin"), sign_in("teacher", groups=("5a",))
    assert counted(admin) == (2, 1)
    assert counted(admin, "&group=6b") == (1, 1)
    assert counted(admin, "&q=cem") == (1, 1)
    assert counted(teacher) == (1, 0)
    assert counted(teacher, "&group=6b") == (0, 0)
