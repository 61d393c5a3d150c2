"""What the quality gate's limits rest on: faces made smaller, blurred, darker or brighter, step by step.

Of each person the first photos make the template, the others are shown, as a camera's JPEG. `named` is
the share of them that is recognized, `strangers` the share of other people who are given a name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, ImageFilter

from hub import faces, settings
from hub.cli.output import json_option
from hub.errors import NotFound
from hub.faces import EngineOptions
from hub.faces.align import Judged
from hub.faces.engine import Engine
from hub.identity import Gallery
from hub.model import Evidence, Outcome, Template
from tests.benchmarks.encodings import Encodings, encode_folder, middle_face
from tests.benchmarks.measure import progress, report

Pixels = npt.NDArray[np.uint8]
Change = Callable[[Pixels], npt.NDArray[Any]]

ENROLLED_PHOTOS = 3
COLUMNS = {
    "change": "Change",
    "found": "found",
    "figure": "figure",
    "p5": "p5",
    "p50": "p50",
    "p95": "p95",
    "gated": "gated",
    "named": "named",
    "strangers": "strangers",
}


def _scaled(factor: float) -> Change:
    return lambda rgb: np.asarray(
        Image.fromarray(rgb).resize([round(side * factor) for side in rgb.shape[1::-1]], Image.Resampling.BOX)
    )


def _blurred(sigma: float) -> Change:
    return lambda rgb: np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(sigma)))


def _shaken(pixels: int, axis: int) -> Change:
    return lambda rgb: np.mean([np.roll(rgb.astype(float), step - pixels // 2, axis) for step in range(pixels)], 0)


def _exposed(gain: float) -> Change:
    return lambda rgb: rgb * float(gain)


CHANGES: dict[str, tuple[str, Change]] = {
    "none": ("size_px", _exposed(1)),
    **{f"scaled to {f}": ("size_px", _scaled(f)) for f in (0.7, 0.6, 0.5, 0.4, 0.3)},
    **{f"blurred, sigma {s}": ("sharpness", _blurred(s)) for s in (0, 1, 2, 2.5, 3, 4)},
    **{f"shaken {n} px sideways": ("sharpness", _shaken(n, 1)) for n in (7, 11, 15)},
    **{f"shaken {n} px upwards": ("sharpness", _shaken(n, 0)) for n in (7, 11, 15)},
    **{f"exposed x {g}": ("brightness", _exposed(g)) for g in (0.35, 0.25, 0.18, 0.12, 0.08, 1.6, 2, 2.5, 3, 4)},
}


@dataclass(frozen=True, slots=True, eq=False)
class _Subjects:
    gallery: Gallery
    known: list[tuple[Path, str]]
    strangers: list[Path]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--people", default=100, show_default=True, type=click.IntRange(2), help="Enrolled people.")
@click.option("--only", default="", help="Only the changes whose name begins so.")
@json_option
def command(folder: Path, people: int, only: str, as_json: bool) -> None:
    """How recognition fails as faces get worse. FOLDER holds person/person_0001.jpg."""
    loaded = settings.load()
    # Everything is to be found and encoded; the gate's own limits are applied by hand below.
    engine: Any = faces.load(EngineOptions("fast", loaded.cache_dir, 1))
    options = EngineOptions("fast", loaded.cache_dir, loaded.min_face_px)
    subjects = _subjects(folder, encode_folder(folder, options, progress("encoding")), people)
    gate: Any = faces.load(options)
    names = progress("changing")([name for name in CHANGES if name.startswith(only)])
    rows = [{"change": name, **_measure(*CHANGES[name], engine, gate, subjects)} for name in names]
    report("quality", rows, COLUMNS, as_json=as_json, people=people, shown=len(subjects.known))


def _subjects(folder: Path, encodings: Encodings, people: int) -> _Subjects:
    names = encodings.people
    rows = {name: np.flatnonzero(names == name) for name in np.unique(names)}
    enough = [name for name, own in rows.items() if len(own) >= ENROLLED_PHOTOS + 2][:people]
    if len(enough) < people:
        raise NotFound(f"{folder} has {len(enough)} people with {ENROLLED_PHOTOS + 2} photos; ask for fewer.")
    templates = [
        Template(str(name), str(row), "bench", vectors[row])
        for name in enough
        for row in rows[name][:ENROLLED_PHOTOS]
        for vectors in (encodings.vectors, encodings.mirrored)
    ]
    known = [
        (folder / str(encodings.photos[row]), str(name))
        for name in enough
        for row in rows[name][ENROLLED_PHOTOS : ENROLLED_PHOTOS + 3]
    ]
    others = [folder / str(encodings.photos[own[0]]) for name, own in rows.items() if name not in set(enough)]
    return _Subjects(Gallery(templates), known, others[:: max(1, len(others) // (3 * people))][: 3 * people])


def _measure(figure: str, change: Change, engine: Engine, gate: Engine, subjects: _Subjects) -> Mapping[str, Any]:
    known = [(_look(path, change, engine), person) for path, person in subjects.known]
    strangers = [_look(path, change, engine) for path in subjects.strangers]
    seen = [face for face, _ in known if face]
    figures = [getattr(face[0].quality, figure) for face in seen] or [float("nan")]
    low, middle, high = np.percentile(figures, [5, 50, 95])
    return {
        "found": len(seen) / len(known),
        "figure": figure,
        "p5": float(low),
        "p50": float(middle),
        "p95": float(high),
        "gated": sum(gate.judge(face[0].quality) is not None for face in seen) / max(1, len(seen)),
        "named": sum(_named(face, subjects.gallery) == person for face, person in known if face) / max(1, len(seen)),
        "strangers": sum(_named(face, subjects.gallery) is not None for face in strangers) / max(1, len(strangers)),
    }


def _look(path: Path, change: Change, engine: Engine) -> tuple[Judged, Any] | None:
    rgb = np.asarray(Image.open(path).convert("RGB"))
    changed = change(rgb)
    noise = np.random.default_rng(7).normal(0, 3, changed.shape)
    jpeg = simplejpeg.encode_jpeg(np.clip(changed + noise, 0, 255).astype(np.uint8), 80, "RGB", "420")
    pixels = simplejpeg.decode_jpeg(jpeg)
    found = engine.find_in_photo(pixels)
    if not found:
        return None
    face = engine.align(pixels, [middle_face(found, pixels.shape)])[0]
    return face, engine.encode(pixels, [face])[0].vector


def _named(face: tuple[Judged, Any] | None, gallery: Gallery) -> str | None:
    if face is None:
        return None
    match = gallery.match(Evidence(face[1]))
    return match.person_id if match.outcome is Outcome.RECOGNIZED else None
