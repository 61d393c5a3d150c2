"""Finding the nearest of many people: `Gallery.match` against the floor of one pass over memory.

The naive way is face_recognition's `face_distance` over a list of encodings, as its examples do.
"""

import time
from collections.abc import Callable

import click
import numpy as np

from hub.cli.output import json_option
from hub.identity import Gallery
from hub.model import Evidence, Template, Vector
from tests.benchmarks.measure import report, timed

SIZE = 128
BATCH = 16
NAIVE_MAX = 100_000  # a list of a million arrays takes seconds a query: not worth the wait
COLUMNS = {
    "people": "People",
    "match_ms": "match ms",
    "quiet_ms": "quiet",
    "floor_ms": "one pass ms",
    "over_floor": "× floor",
    "batch_ms": "a face of 16 ms",
    "naive_ms": "naive ms",
    "over_naive": "× faster",
    "build_s": "build s",
}


@click.command()
@click.option("--people", "sizes", multiple=True, type=click.IntRange(1), help="Gallery size; may be given repeatedly.")
@click.option("--rounds", default=25, show_default=True, type=click.IntRange(3), help="Measurements of each variant.")
@json_option
def command(sizes: tuple[int, ...], rounds: int, as_json: bool) -> None:
    """Time to match one face among 1,000 to 1,000,000 people."""
    rows = [_measure(size, rounds) for size in sizes or (1_000, 10_000, 100_000, 1_000_000)]
    report("match", rows, COLUMNS, as_json=as_json)


def _measure(people: int, rounds: int) -> dict[str, float | int | None]:
    rng = np.random.default_rng(people)
    # 1.4 is the length of dlib's encodings; the values themselves don't change the time.
    vectors = rng.standard_normal((people, SIZE), np.float32) * np.float32(1.4 / SIZE**0.5)
    templates = [Template(f"p{i:07}", str(i), "bench", vector) for i, vector in enumerate(vectors)]
    start = time.perf_counter()
    gallery = Gallery(templates)
    build_s = time.perf_counter() - start
    query: Vector = vectors[people // 2] + np.float32(0.01)
    flat = vectors.ravel()  # its dot product with itself reads every number once, and does little else
    faces = np.repeat(query[None], BATCH, 0)
    variants: dict[str, Callable[[], object]] = {
        "match": lambda: gallery.match(Evidence(query)),
        "floor": lambda: flat @ flat,
        "batch": lambda: gallery.match_all(faces),
    }
    if people <= NAIVE_MAX:
        known = list(vectors.astype(np.float64))
        variants["naive"] = lambda: _naive(known, query)
    ms = timed(variants, rounds)
    assert gallery.match(Evidence(query)).person_id == templates[people // 2].person_id
    naive = ms.get("naive")
    return {
        "people": people,
        "match_ms": ms["match"].median,
        "quiet_ms": ms["match"].quiet,
        "floor_ms": ms["floor"].median,
        "over_floor": ms["match"].quiet / ms["floor"].quiet,
        "batch_ms": ms["batch"].median / BATCH,
        "naive_ms": naive and naive.median,
        "over_naive": naive and naive.median / ms["match"].median,
        "build_s": build_s,
    }


def _naive(known: list[Vector], query: Vector) -> int:
    """`face_recognition.face_distance` and the least of it."""
    return int(np.argmin(np.linalg.norm(known - query, axis=1)))
