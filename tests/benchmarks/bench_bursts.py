"""What several looks at a face say together: the hub's own tracks and gallery on a folder of labelled photos.

A burst is so many different photos of one person, in place of frames of one motion: they vary more than
frames do. `alone`: each photo is a look without a motion, and the first that is recognized counts;
`together`: the looks are put together as the hub does it. Both are judged after each look.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from hub import faces, settings
from hub.calibration import FPIR, prior_of
from hub.cli.output import json_option
from hub.identity import Gallery, Limits
from hub.model import Box, Face, Frame, Match, Outcome, Quality, Template
from hub.tracks import Tracks
from tests.benchmarks.encodings import Encodings, encode_folder
from tests.benchmarks.measure import progress, report

PLACE = Box(0, 100, 100, 0)
SHAPES = ((400, 1), (200, 3), (50, 3))  # people and photos of each
COLUMNS = {
    "people": "People",
    "photos": "photos each",
    "how": "Looks",
    "bursts": "bursts",
    "strangers": "strangers",
    "fpir": "FPIR %",
    "fnir": "FNIR %",
    "wrong": "wrong name %",
    "first": "at the first look %",
    "uncertain": "missed but uncertain %",
    "strangers_uncertain": "strangers uncertain %",
}
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a burst: whom it was taken for and at which look, and whether it was uncertain at one."""

    person_id: str | None
    look: int
    uncertain: bool


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--looks", default=3, show_default=True, type=click.IntRange(2, 8), help="Photos of one burst.")
@click.option("--fpir", default=FPIR, show_default=True, help="Wanted share of strangers who are named.")
@click.option("--draws", default=5, show_default=True, type=click.IntRange(1), help="Random galleries of each kind.")
@json_option
def command(folder: Path, looks: int, fpir: float, draws: int, *, as_json: bool) -> None:
    """Recognition by bursts of photos, on FOLDER of labelled photos (person/person_0001.jpg)."""
    options = faces.options(settings.load())
    encodings = encode_folder(folder, options, progress("photos"))
    bench = Bench(encodings, faces.engine_id(options), fpir, looks)
    rows = [row for people, photos in SHAPES for row in bench.rows(people, photos, draws)]
    report("bursts", rows, COLUMNS, as_json=as_json, looks=looks, wanted_fpir=f"{fpir:.2%}", draws=draws)


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """One folder's encodings, looked at in bursts of `looks`."""

    encodings: Encodings
    engine_id: str
    fpir: float
    looks: int

    def rows(self, people: int, photos: int, draws: int) -> Iterator[dict[str, Any]]:
        """A row for each way, over random galleries; the same ones for both."""
        found: dict[str, list[tuple[list[tuple[str, Ended]], list[Ended]]]] = {"alone": [], "together": []}
        for draw in range(draws):
            gallery, mated, strangers = self._draw(people, photos, np.random.default_rng(draw))
            for how, ended in found.items():
                ended.append(
                    (
                        [(name, self._burst(gallery, rows, how)) for name, rows in mated],
                        [self._burst(gallery, rows, how) for rows in strangers],
                    )
                )
        for how, ended in found.items():
            known = [each for mated, _ in ended for each in mated]
            others = [each for _, strangers in ended for each in strangers]
            yield {"people": people, "photos": photos, "how": how, **_rates(known, others)}

    def _draw(
        self, people: int, photos: int, random: np.random.Generator
    ) -> tuple[Gallery, list[tuple[str, Rows]], list[Rows]]:
        photos_of = {str(name): np.flatnonzero(self.encodings.people == name) for name in set(self.encodings.people)}
        enough = sorted(name for name, rows in photos_of.items() if len(rows) > photos)
        enrolled = set(random.choice(enough, min(people, len(enough)), replace=False).tolist())
        templates: list[Template] = []
        mated: list[tuple[str, Rows]] = []
        strangers: list[Rows] = []
        for name in sorted(photos_of):
            rows = random.permutation(photos_of[name])
            if name in enrolled:
                templates += self._templates(name, rows[:photos])
                mated += [(name, burst) for burst in _bursts(rows[photos:], self.looks)]
            else:
                strangers += _bursts(rows, self.looks)[:1]
        return Gallery(templates, prior_of(self.engine_id), Limits(self.fpir)), mated, strangers

    def _templates(self, name: str, rows: Rows) -> list[Template]:
        both = (self.encodings.vectors, self.encodings.mirrored)
        return [Template(name, str(row), self.engine_id, vectors[row]) for row in rows for vectors in both]

    def _burst(self, gallery: Gallery, rows: Rows, how: str) -> Ended:
        matches = list(self._matches(gallery, rows, how))
        named = next((at for at, match in enumerate(matches) if match.outcome is Outcome.RECOGNIZED), None)
        uncertain = any(match.outcome is Outcome.UNCERTAIN for match in matches)
        return Ended(None, -1, uncertain) if named is None else Ended(matches[named].person_id, named, uncertain)

    def _matches(self, gallery: Gallery, rows: Rows, how: str) -> Iterator[Match]:
        tracks = Tracks(prior_of(self.engine_id).reach)
        for number, row in enumerate(rows, 1):
            frame = Frame("door", 1, number, 1 if how == "together" else 0, 0, 0, b"")
            quality = Quality(100, 100.0, 120.0, 0.0, 1.0, float(self.encodings.quality[row, -1]))
            (seen,) = tracks.add(frame, [Face(PLACE, quality, None, self.encodings.vectors[row])])
            assert seen is not None
            yield gallery.match(seen)


def _bursts(rows: Rows, looks: int) -> list[Rows]:
    return [rows[start : start + looks] for start in range(0, len(rows) - looks + 1, looks)]


def _rates(known: Sequence[tuple[str, Ended]], strangers: Sequence[Ended]) -> dict[str, Any]:
    def share(flags: Sequence[bool]) -> float:
        return round(100 * float(np.mean(flags)), 2) if flags else float("nan")

    missed = [ended.person_id is None for _, ended in known]
    return {
        "bursts": len(known),
        "strangers": len(strangers),
        "fpir": share([ended.person_id is not None for ended in strangers]),
        "fnir": share([ended.person_id != name for name, ended in known]),
        "wrong": share([ended.person_id not in (name, None) for name, ended in known]),
        "first": share([ended.look == 0 for _, ended in known]),
        "uncertain": share([gone and ended.uncertain for gone, (_, ended) in zip(missed, known, strict=True)]),
        "strangers_uncertain": share([ended.person_id is None and ended.uncertain for ended in strangers]),
    }
