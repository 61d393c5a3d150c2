"""How often strangers are given a name and known people are missed, on a folder of labelled photos.

Verification asks whether two photos show one person. Identification is the hub's task: some people are
enrolled with a few photos each, everybody else is a stranger. FPIR is the share of strangers who are
given somebody's name; FNIR the share of photos of enrolled people that don't get theirs. Presenza's own
rule is what the hub's gallery says of a single look, with the limit that it finds from its own people, who
are none of the strangers; the fixed limits are there to compare with. `FNIR at FPIR 1 %`: the limit is set
on half of the strangers, and what comes out of it is counted on the other half. Intervals hold 95 %, by a
bootstrap over people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from hub import settings
from hub.calibration import FPIR, PRIORS, Prior
from hub.cli.output import json_option
from hub.errors import NotFound
from hub.faces import EngineOptions
from hub.faces.encoding import ENCODERS
from hub.identity import Gallery, Limits
from hub.model import Outcome, Template
from tests.benchmarks.det import Curve, crossed, curve, interval, shown, write_csv, write_png
from tests.benchmarks.encodings import Encodings, encode_folder
from tests.benchmarks.measure import progress, report

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

PROBES = 3  # photos shown of each enrolled person, at most
WANTED = (0.003, 0.01)  # FPIR
PAIRS = 6000  # half of them of one person, as in LFW's own protocol
FIXED = {  # the template, the greatest distance, and the greatest 2 d1 - d2
    "nearest photo ≤ 0.6 (face_recognition)": ("photos", 0.6, None),
    "nearest photo ≤ 0.5": ("photos", 0.5, None),
    "mean ≤ 0.6": ("mean", 0.6, None),
    "mean ≤ 0.5": ("mean", 0.5, None),
    "mean with mirror image ≤ 0.5, margin 0.36": ("mirrored", 0.5, 0.36),
}
VERIFIED = {
    "engine": "Engine",
    "encoder": "Encoder",
    "pairs": "pairs",
    "accuracy": "accuracy",
    "eer": "EER",
    "threshold": "best limit",
}
IDENTIFIED = {
    "engine": "Engine",
    "encoder": "Encoder",
    "people": "People",
    "photos": "photos each",
    "rule": "Rule",
    "fpir_shown": "FPIR %",
    "fnir_shown": "FNIR %",
    "uncertain": "of it uncertain",
    "wrong": "wrong name",
    "fnir_at_1": "FNIR at FPIR 1 %",
    "fpir_at_1": "came out",
    "fnir_at_03": "at 0.3 %",
    "fpir_at_03": "came out",
}


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """What was seen of some faces. All arrays are of their length.

    `first` and `second`: distances to the nearest two people, `right`: whether the nearest is who was
    shown, `named` and `uncertain`: whether the gallery recognized the nearest, or wasn't sure, `who`: whom
    they show.
    """

    first: Floats
    second: Floats
    right: Flags
    named: Flags
    uncertain: Flags
    who: npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """One random gallery: who is enrolled with which photos, the other photos of them, one of everybody else."""

    enrolled: dict[str, Rows]
    known: Rows
    strangers: Rows


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--engine", "engines", multiple=True, default=["fast"], show_default=True)
@click.option(
    "--encoder", "encoders", multiple=True, type=click.Choice(ENCODERS), default=ENCODERS[::-1], show_default=True
)
@click.option("--people", "sizes", multiple=True, type=int, default=[10, 100, 300, 800], show_default=True)
@click.option("--photos", "depths", multiple=True, type=int, default=[1, 3, 5], show_default=True)
@click.option("--draws", default=10, show_default=True, type=click.IntRange(1), help="Random galleries of each kind.")
@click.option("--det", type=click.Path(file_okay=False, path_type=Path), help="Write det.png and det.csv there.")
@json_option
def command(folder: Path, as_json: bool, det: Path | None, **chosen: Any) -> None:
    """Accuracy on FOLDER, which holds person/person_0001.jpg. Encodings are kept in the cache folder."""
    loaded = settings.load()
    curves: dict[str, Curve] = {}
    verified: list[Mapping[str, Any]] = []
    identified: list[Mapping[str, Any]] = []
    for engine in chosen["engines"]:
        options = EngineOptions(engine, loaded.cache_dir, loaded.min_face_px)
        encodings = encode_folder(folder, options, progress(f"encoding, {engine}"))
        verified += [{"engine": engine, **_verify(encodings, encoder)} for encoder in chosen["encoders"]]
        kinds = product(chosen["encoders"], chosen["sizes"], chosen["depths"])
        for encoder, people, photos in progress(f"matching, {engine}")(list(kinds)):
            rows, points = _identify(encodings.of(encoder), PRIORS[encoder], (people, photos), chosen["draws"])
            curves[f"{engine} {encoder}, {rows[0]['people']} people, {photos} photos"] = points
            if encoder != "dlib":  # the fixed limits are of dlib's distances
                rows = [row for row in rows if row["rule"] not in FIXED]
            identified += [{"engine": engine, "encoder": encoder, "photos": photos, **row} for row in rows]
    if det:
        det.mkdir(parents=True, exist_ok=True)
        write_csv(det / "det.csv", curves)
        write_png(det / "det.png", curves, f"{chosen['draws']} random galleries each")
    if as_json:
        report("accuracy", identified, IDENTIFIED, as_json=True, verification=verified, draws=chosen["draws"])
        return
    report("verification", verified, VERIFIED, as_json=False)
    report("identification", identified, IDENTIFIED, as_json=False, draws=chosen["draws"])


def _verify(encodings: Encodings, encoder: str) -> Mapping[str, Any]:
    """Accuracy with the limit chosen on nine tenths of the pairs and applied to the last, ten times over."""
    rng = np.random.default_rng(1)
    pairs, same = _pairs(encodings.people, rng)
    vectors = encodings.of(encoder).vectors
    distance = np.linalg.norm(vectors[pairs[:, 0]] - vectors[pairs[:, 1]], axis=1)
    fold = rng.permutation(len(pairs)) % 10
    limits = [_best_limit(distance[fold != part], same[fold != part]) for part in range(10)]
    hits = [np.mean((distance[fold == part] <= limits[part]) == same[fold == part]) for part in range(10)]
    return {
        "encoder": encoder,
        "pairs": len(pairs),
        "accuracy": float(np.mean(hits)),
        "eer": _equal_error(distance, same),
        "threshold": float(np.mean(limits)),
    }


def _pairs(people: npt.NDArray[Any], rng: np.random.Generator) -> tuple[Rows, Flags]:
    genuine = np.array([(i, j) for i in range(len(people)) for j in np.flatnonzero(people[:i] == people[i])])
    genuine = rng.permutation(genuine)[: PAIRS // 2]
    strange = rng.integers(0, len(people), (4 * len(genuine), 2))
    strange = strange[people[strange[:, 0]] != people[strange[:, 1]]][: len(genuine)]
    return np.concatenate((genuine, strange)), np.arange(len(genuine) + len(strange)) < len(genuine)


def _best_limit(distance: Floats, same: npt.NDArray[np.bool_]) -> float:
    limits = np.linspace(0.2, 2.0, 901)
    return float(limits[np.argmax([np.mean((distance <= limit) == same) for limit in limits])])


def _equal_error(distance: Floats, same: npt.NDArray[np.bool_]) -> float:
    limits = np.linspace(0.2, 2.2, 1001)
    missed = np.array([np.mean(distance[same] > limit) for limit in limits])
    taken = np.array([np.mean(distance[~same] <= limit) for limit in limits])
    at = int(np.argmin(np.abs(missed - taken)))
    return float((missed[at] + taken[at]) / 2)


def _identify(
    encodings: Encodings, prior: Prior, kind: tuple[int, int], draws: int
) -> tuple[list[dict[str, Any]], Curve]:
    """Each rule's rates over random galleries of `kind` (people, photos); the same galleries for all rules."""
    rng = np.random.default_rng(kind[0] * 100 + kind[1])
    drawn = [_draw(encodings.people, *kind, rng) for _ in range(draws)]
    seen = {
        "photos": _joined([_nearest_photo(encodings, draw) for draw in drawn]),
        "mean": _joined([_gallery(encodings, draw, prior, mirror=False) for draw in drawn]),
        "mirrored": _joined([_gallery(encodings, draw, prior, mirror=True) for draw in drawn]),
    }
    rates = {rule: _fixed(*seen[template], limit, margin) for rule, (template, limit, margin) in FIXED.items()}
    for wanted in WANTED:
        pairs = [_gallery(encodings, draw, prior, mirror=True, fpir=wanted) for draw in drawn]
        rates[f"Presenza, wanted FPIR {wanted:.1%}"] = _rates(*_joined(pairs))
    known, strangers = seen["mirrored"]
    points = curve(known.first, known.right, strangers.first)
    return [{"people": len(drawn[0].enrolled), "rule": rule, **row} for rule, row in rates.items()], points


def _draw(names: npt.NDArray[Any], people: int, photos: int, rng: np.random.Generator) -> Draw:
    """Raises NotFound when the folder has nobody with enough photos; takes all there are when too few."""
    groups = {str(name): np.flatnonzero(names == name) for name in np.unique(names)}
    enough = [name for name, rows in groups.items() if len(rows) > photos]
    if len(enough) < 2:
        raise NotFound(f"The folder has nobody with more than {photos} photos.")
    who = rng.choice(enough, min(people, len(enough)), replace=False)
    chosen = {str(name): rng.permutation(groups[name]) for name in who}
    return Draw(
        enrolled={name: rows[:photos] for name, rows in chosen.items()},
        known=np.concatenate([rows[photos : photos + PROBES] for rows in chosen.values()]),
        strangers=np.array([rng.choice(rows) for name, rows in groups.items() if name not in chosen]),
    )


def _gallery(
    encodings: Encodings, draw: Draw, prior: Prior, *, mirror: bool, fpir: float = FPIR
) -> tuple[Sightings, Sightings]:
    """What the hub's own gallery says of single looks."""
    sources = (encodings.vectors, encodings.mirrored) if mirror else (encodings.vectors,)
    templates = [
        Template(name, str(row), "bench", vectors[row])
        for name, rows in draw.enrolled.items()
        for row in rows
        for vectors in sources
    ]
    gallery = Gallery(templates, prior, Limits(fpir))

    def look(rows: Rows) -> Sightings:
        vectors = encodings.vectors[rows]
        matches = gallery.match_all(vectors)
        first = np.array([match.distance for match in matches], float)
        nearest = np.array([found[0] for found in map(gallery.nearest, vectors) if found])
        return Sightings(
            first,
            first + np.array([match.margin for match in matches], float),
            nearest == encodings.people[rows],
            np.array([match.outcome is Outcome.RECOGNIZED for match in matches]),
            np.array([match.outcome is Outcome.UNCERTAIN for match in matches]),
            encodings.people[rows],
        )

    return look(draw.known), look(draw.strangers)


def _nearest_photo(encodings: Encodings, draw: Draw) -> tuple[Sightings, Sightings]:
    """face_recognition's way: the nearest of all photos."""
    rows = np.concatenate(list(draw.enrolled.values()))
    photos, names = encodings.vectors[rows], encodings.people[rows]

    def look(rows_shown: Rows) -> Sightings:
        faces = encodings.vectors[rows_shown]
        squares = np.square(faces).sum(1)[:, None] + np.square(photos).sum(1) - 2 * faces @ photos.T
        nearest = squares.argmin(1)
        first = np.sqrt(np.maximum(squares[np.arange(len(rows_shown)), nearest], 0))
        nobody = np.zeros(len(rows_shown), bool)
        who = encodings.people[rows_shown]
        return Sightings(first, np.full(len(rows_shown), np.nan), names[nearest] == who, nobody, nobody, who)

    return look(draw.known), look(draw.strangers)


def _joined(pairs: list[tuple[Sightings, Sightings]]) -> tuple[Sightings, Sightings]:
    def join(all_: list[Sightings]) -> Sightings:
        return Sightings(*(np.concatenate([getattr(one, field) for one in all_]) for field in Sightings.__slots__))

    return join([known for known, _ in pairs]), join([strangers for _, strangers in pairs])


def _fixed(known: Sightings, strangers: Sightings, limit: float, margin: float | None) -> dict[str, float]:
    """The rates when everybody within fixed limits is recognized."""

    def within(seen: Sightings) -> Sightings:
        near = seen.first <= limit
        if margin is not None:
            near &= 2 * seen.first - seen.second <= margin
        return replace(seen, named=near, uncertain=np.zeros_like(near))

    def score(seen: Sightings) -> Floats:
        return seen.first if margin is None else 2 * seen.first - seen.second

    return _rates(within(known), within(strangers)) | _at(known, strangers, score)


def _rates(known: Sightings, strangers: Sightings) -> dict[str, Any]:
    """What the gallery made of everybody."""
    missed = ~(known.named & known.right)
    fpir, fnir = float(strangers.named.mean()), float(missed.mean())
    fpir_interval, fnir_interval = interval(strangers.named, strangers.who), interval(missed, known.who)
    return {
        "fpir": fpir,
        "fpir_interval": fpir_interval,
        "fpir_shown": shown(fpir, fpir_interval),
        "fnir": fnir,
        "fnir_interval": fnir_interval,
        "fnir_shown": shown(fnir, fnir_interval),
        "uncertain": float((known.uncertain & known.right).mean()),
        "wrong": float((known.named & ~known.right).mean()),
    } | _at(known, strangers, lambda seen: seen.first)


def _at(known: Sightings, strangers: Sightings, score: Callable[[Sightings], Floats]) -> dict[str, float]:
    """FNIR where the limit on a score is set for an FPIR of 1 and 0.3 % on other strangers, and the FPIR there."""
    rates = {}
    for name, wanted in (("1", 0.01), ("03", 0.003)):
        fpir, fnir = crossed(score(known), known.right, score(strangers), strangers.who, wanted)
        rates |= {f"fpir_at_{name}": fpir, f"fnir_at_{name}": fnir}
    return rates
