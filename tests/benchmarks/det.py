"""Error rates with their intervals, limits that weren't chosen on whom they are scored on, and DET curves.

A DET curve shows FNIR over FPIR, one point for each limit, on axes of normal deviates (ISO/IEC 19795).
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
Names = npt.NDArray[Any]
Curve = tuple[Floats, Floats, Floats]  # limits, FPIR, FNIR

ROUNDS = 400  # of the bootstrap
TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
LOWEST, HIGHEST = 0.0007, 0.7
SIDE, LEFT, TOP, BELOW, SCALE = 520, 76, 16, 56, 2  # pixels; drawn at twice the size and shrunk
COLOURS = ("#1b6ca8", "#c0392b", "#5b8c5a", "#8661c1", "#e0a030", "#222222", "#2aa198", "#d8579a", "#808000")
PROBIT = NormalDist().inv_cdf


def interval(flags: Flags, who: Names, seed: int = 0) -> tuple[float, float]:
    """What a share lies between with 95 % confidence, had other people been drawn: a bootstrap over people.

    Photos of one person go together, in all draws: they are alike.
    """
    place = np.unique(who, return_inverse=True)[1]
    hits, sizes = np.bincount(place, weights=flags), np.bincount(place)
    weights = np.random.default_rng(seed).multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), ROUNDS)
    low, high = np.quantile((weights @ hits) / np.maximum(weights @ sizes, 1), (0.025, 0.975))
    return float(low), float(high)


def halves(who: Names) -> Flags:
    """Which rows belong to one half of the people; the other rows are the other half's."""
    people, place = np.unique(who, return_inverse=True)
    return np.asarray(np.random.default_rng(len(people)).permutation(len(people)) % 2 == 0)[place]


def crossed(known: Floats, right: Flags, strangers: Floats, who: Names, wanted: float) -> tuple[float, float]:
    """FPIR and FNIR at the limit that is right for the other half of the strangers; the mean of both ways."""
    one = halves(who)
    rates = []
    for half in (one, ~one):
        limit = np.quantile(strangers[half], wanted, method="lower")
        rates.append((np.mean(strangers[~half] <= limit), 1 - np.mean((known <= limit) & right)))
    fpir, fnir = np.mean(rates, 0)
    return float(fpir), float(fnir)


def curve(known: Floats, right: Flags, strangers: Floats) -> Curve:
    """FPIR and FNIR at every limit that a stranger's score gives."""
    limits = np.unique(strangers)
    fpir = np.searchsorted(np.sort(strangers), limits, "right") / len(strangers)
    hits = np.searchsorted(np.sort(known[right]), limits, "right") / len(known)
    return limits, fpir, 1 - hits


def write_csv(path: Path, curves: Mapping[str, Curve]) -> None:
    """One line for each limit of each curve."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("curve", "limit", "fpir", "fnir"))
        for name, points in curves.items():
            lines.writerows((name, *(f"{value:.6g}" for value in point)) for point in zip(*points, strict=True))


def write_png(path: Path, curves: Mapping[str, Curve], title: str) -> None:
    """All curves in one picture."""
    size = (LEFT + SIDE + 12, TOP + SIDE + BELOW)
    picture = Image.new("RGB", (size[0] * SCALE, size[1] * SCALE), "white")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13 * SCALE)
    _axes(pen, font, title)
    for place, (name, (_, fpir, fnir)) in enumerate(curves.items()):
        colour = COLOURS[place % len(COLOURS)]
        shown = (fpir >= LOWEST) & (fpir <= HIGHEST)
        points = [(_x(one), _y(two)) for one, two in zip(fpir[shown], fnir[shown], strict=True)]
        if len(points) > 1:
            pen.line(points, colour, 2 * SCALE, joint="curve")
        right, top = (LEFT + SIDE - 8) * SCALE, (TOP + 10 + 18 * place) * SCALE
        pen.text((right, top), name, colour, font, anchor="ra")
    picture.resize(size, Image.Resampling.LANCZOS).quantize(128).save(path, optimize=True)


def _axes(pen: ImageDraw.ImageDraw, font: Any, title: str) -> None:
    low, high = _x(LOWEST), _x(HIGHEST)
    for tick in TICKS:
        label = f"{tick * 100:g} %"
        pen.line(((_x(tick), _y(LOWEST)), (_x(tick), _y(HIGHEST))), "#dddddd", SCALE)
        pen.line(((low, _y(tick)), (high, _y(tick))), "#dddddd", SCALE)
        pen.text((_x(tick), _y(LOWEST) + 6 * SCALE), label, "#333333", font, anchor="ma")
        pen.text((low - 6 * SCALE, _y(tick)), label, "#333333", font, anchor="rm")
    pen.rectangle((low, _y(HIGHEST), high, _y(LOWEST)), outline="#333333", width=SCALE)
    below = _y(LOWEST) + 28 * SCALE
    pen.text(((low + high) / 2, below), "FPIR: strangers who are given a name", "#333333", font, anchor="ma")
    pen.text((low + 8 * SCALE, _y(LOWEST) - 24 * SCALE), title, "#333333", font)
    pen.text((6 * SCALE, 2 * SCALE), "FNIR", "#333333", font)


def _x(share: float) -> float:
    return (LEFT + SIDE * _along(share)) * SCALE


def _y(share: float) -> float:
    return (TOP + SIDE * (1 - _along(share))) * SCALE


def _along(share: float) -> float:
    bounded = min(max(share, LOWEST), HIGHEST)
    return (PROBIT(bounded) - PROBIT(LOWEST)) / (PROBIT(HIGHEST) - PROBIT(LOWEST))


def shown(value: float, bounds: Sequence[float]) -> str:
    """A share with its interval, in per cent, for people."""
    return f"{value * 100:.2g} ({bounds[0] * 100:.2g}…{bounds[1] * 100:.2g})"
