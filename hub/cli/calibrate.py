"""`presenza calibrate`: how well this site's people are told apart, by their own photos."""

from contextlib import closing
from typing import Any

import click

from hub import faces
from hub.calibration import Estimate
from hub.cli.output import emit, json_option, note, settings_option
from hub.errors import NotFound
from hub.figures import Figures, figures_of
from hub.identity import Limits
from hub.reencode import engine_in_force
from hub.settings import Settings
from hub.store import Store
from hub.store.opening import open_store

COLUMNS = {
    "people": "People",
    "photos": "Photos of each (median)",
    "wanted": "Wanted FPIR",
    "limit": "Limit (distance)",
    "fpir": "FPIR: strangers who are named",
    "fnir": "FNIR: people who are missed",
    "alike": "Pairs that look alike",
}
REMARK = (
    "In brackets: what the figure lies between with 95 % confidence, by chance in who is enrolled. Not covered:"
    " cameras, light, caps and movement make worse pictures than these photos; strangers who resemble your people"
    " more than they resemble each other, such as their family; photos or screens held before the camera."
)


@click.command("calibrate")
@settings_option
@json_option
def calibrate_command(settings: Settings, *, as_json: bool) -> None:
    """Show the limit that follows from who is enrolled, and the errors to expect.

    FPIR is the share of strangers who are given somebody's name, FNIR the share of sightings of enrolled
    people who are not recognized, each by a single look. The limit is set anew whenever people change.
    """
    figures = site_figures(settings)
    if figures is None:
        raise NotFound("Nobody is enrolled with a photo; `presenza people add` enrols somebody.")
    row = _row(figures, settings) if as_json else _shown(figures, settings)
    emit(row, COLUMNS, as_json=as_json)
    if not as_json:
        note(REMARK)


def site_figures(settings: Settings) -> Figures | None:
    """The figures of a data folder; None without people."""
    with closing(open_store(settings)) as store:
        return figures_in(store, settings)


def figures_in(store: Store, settings: Settings) -> Figures | None:
    """The figures of a store, by the engine that people are encoded by; None without people."""
    engine_id = faces.engine_id(engine_in_force(store, faces.options(settings)))
    return figures_of(store.templates(engine_id), engine_id, Limits(settings.fpir, settings.max_distance))


def share(estimate: Estimate | None) -> str:
    """An estimate with its interval, for people."""
    if estimate is None:
        return "not known: nobody has two photos"
    return f"{estimate.value:.2%} ({estimate.low:.2%} … {estimate.high:.2%})"


def _shown(figures: Figures, settings: Settings) -> dict[str, Any]:
    found = figures.calibration
    return {
        **_row(figures, settings),
        "wanted": f"{settings.fpir:.2%}" if settings.max_distance is None else "max_distance is fixed",
        "fpir": share(found.fpir),
        "fnir": share(found.fnir),
        "alike": len(figures.alike),
    }


def _row(figures: Figures, settings: Settings) -> dict[str, Any]:
    found = figures.calibration
    return {
        "people": figures.people,
        "photos": figures.photos,
        "wanted": settings.fpir,
        "limit": round(found.max_distance, 4),
        "fpir": _estimate(found.fpir),
        "fnir": _estimate(found.fnir),
        "alike": [{"first": pair.first, "second": pair.second, "distance": pair.distance} for pair in figures.alike],
        "remark": REMARK,
    }


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else {"value": estimate.value, "low": estimate.low, "high": estimate.high}
