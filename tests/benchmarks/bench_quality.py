"""What the quality gate's limits rest on: faces made smaller, blurred, darker or brighter, step by step.

Of each person the first photos make the template, the others are shown, as a camera's JPEG. `named` is
the share of them that is recognized, `strangers` the share of other people who are given a name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, ImageFilter

from hub import faces, settings
from hub.calibration import PRIORS
from hub.cli.output import json_option
from hub.errors import NotFound
from hub.faces import EngineOptions
from hub.faces.align import Judged
from hub.faces.encoding import BOTH
from hub.faces.engine import Engine
from hub.identity import Gallery, Limits
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


REJECTED = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
REJECTION = {"figure": "FNIR without the worst by", **{f"{share:.0%}": f"{share:.0%}" for share in REJECTED}}


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


def _dim(gain: float, sigma: float) -> Change:
    """Less light, and what a small sensor's amplifier adds."""
    return lambda rgb: rgb * gain + np.random.default_rng(8).normal(0, sigma, rgb.shape)


def _squeezed(quality: int) -> Change:
    return lambda rgb: simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(rgb, quality, "RGB", "420"))


def _turned(degrees: float) -> Change:
    return lambda rgb: np.asarray(Image.fromarray(rgb).rotate(degrees, Image.Resampling.BICUBIC))


def _covered(top: float, right: float, bottom: float, left: float) -> Change:
    """A grey patch over a part of the face, which fills the middle two fifths of these photos."""

    def cover(rgb: Pixels) -> Pixels:
        changed = rgb.copy()
        height, width = rgb.shape[:2]
        rows = slice(round((0.29 + 0.42 * top) * height), round((0.29 + 0.42 * bottom) * height))
        columns = slice(round((0.29 + 0.42 * left) * width), round((0.29 + 0.42 * right) * width))
        changed[rows, columns] = 60
        return changed

    return cover


CHANGES: dict[str, tuple[str, Change]] = {
    "none": ("size_px", _exposed(1)),
    **{f"scaled to {f}": ("size_px", _scaled(f)) for f in (0.7, 0.6, 0.5, 0.4, 0.3)},
    **{f"blurred, sigma {s}": ("sharpness", _blurred(s)) for s in (0, 1, 2, 2.5, 3, 4)},
    **{f"shaken {n} px sideways": ("sharpness", _shaken(n, 1)) for n in (7, 11, 15)},
    **{f"shaken {n} px upwards": ("sharpness", _shaken(n, 0)) for n in (7, 11, 15)},
    **{f"exposed x {g}": ("brightness", _exposed(g)) for g in (0.35, 0.25, 0.18, 0.12, 0.08, 1.6, 2, 2.5, 3, 4)},
    **{f"cheap: light x {g}, noise {s}": ("strength", _dim(g, s)) for g, s in ((0.35, 6), (0.2, 6), (0.2, 12))},
    **{f"cheap: JPEG quality {q}": ("strength", _squeezed(q)) for q in (80, 40, 20, 10)},
    **{f"cheap: turned by {d} degrees": ("strength", _turned(d)) for d in (15, 30, 45)},
    "cheap: half size": ("strength", _scaled(0.5)),
    "cheap: cap": ("strength", _covered(-0.1, 1.0, 0.25, 0.0)),
    "cheap: sunglasses": ("strength", _covered(0.25, 0.95, 0.45, 0.05)),
    "cheap: mask": ("strength", _covered(0.6, 0.95, 1.05, 0.05)),
    "cheap: one side": ("strength", _covered(0.0, 0.5, 1.0, -0.1)),
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
    encoded = encode_folder(folder, options, progress("encoding"))
    subjects = _subjects(folder, encoded, people)
    gate: Any = faces.load(options)
    names = progress("changing")([name for name in CHANGES if name.startswith(only)])
    rows = [{"change": name, **_measure(*CHANGES[name], engine, gate, subjects)} for name in names]
    if only:
        report("quality", rows, COLUMNS, as_json=as_json, people=people, shown=len(subjects.known))
        return
    rejected = rejection(encoded)
    if as_json:
        report("quality", rows, COLUMNS, as_json=True, people=people, shown=len(subjects.known), rejection=rejected)
        return
    report("quality", rows, COLUMNS, as_json=False, people=people, shown=len(subjects.known))
    report("rejection", rejected, REJECTION, as_json=False)


def rejection(encodings: Encodings) -> list[dict[str, Any]]:
    """Error versus reject: FNIR of who is left when the worst are turned away, by each figure.

    Everybody with two photos or more is enrolled with one; the limit is the gallery's own, for an FPIR of 1 %.
    """
    rng, names = np.random.default_rng(0), encodings.people
    own = [rng.permutation(np.flatnonzero(names == name)) for name in np.unique(names)]
    own = [rows for rows in own if len(rows) > 1]
    templates = [
        Template(str(names[rows[0]]), str(rows[0]), "bench", vectors[rows[0]])
        for rows in own
        for vectors in (encodings.vectors, encodings.mirrored)
    ]
    shown = np.concatenate([rows[1:4] for rows in own])
    matches = Gallery(templates, PRIORS[BOTH], Limits(0.01)).match_all(encodings.vectors[shown])
    missed = np.array(
        [
            match.outcome is not Outcome.RECOGNIZED or match.person_id != name
            for match, name in zip(matches, names[shown], strict=True)
        ]
    )
    figures = dict(
        zip(
            ("size_px", "sharpness", "brightness", "turn", "score", "strength"), encodings.quality[shown].T, strict=True
        )
    )
    figures["turn"] = -figures["turn"]
    return [
        {"figure": name, "shown": len(shown), **{f"{share:.0%}": _left(missed, figure, share) for share in REJECTED}}
        for name, figure in figures.items()
    ]


def _left(missed: npt.NDArray[np.bool_], figure: npt.NDArray[Any], share: float) -> float:
    return float(missed[figure >= np.quantile(figure, share)].mean())


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
    return _Subjects(
        Gallery(templates, PRIORS[BOTH]), known, others[:: max(1, len(others) // (3 * people))][: 3 * people]
    )


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
    encoded = engine.encode(pixels, [face])[0]
    return replace(face, quality=replace(face.quality, strength=encoded.strength)), encoded.vector


def _named(face: tuple[Judged, Any] | None, gallery: Gallery) -> str | None:
    if face is None:
        return None
    match = gallery.match(Evidence(face[1]))
    return match.person_id if match.outcome is Outcome.RECOGNIZED else None
