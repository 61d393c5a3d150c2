"""The benchmarks' arithmetic, on encodings whose answer is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hub.calibration import PRIORS
from hub.identity import Gallery, Limits
from hub.model import Outcome, Template
from tests.benchmarks import bench_accuracy, bench_match, det, measure
from tests.benchmarks.bench_accuracy import Sightings
from tests.benchmarks.encodings import Encodings


def encodings(people: int, photos: int, spread: float, seed: int = 0) -> Encodings:
    """People at random directions, each one's photos around theirs."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1, (people, 128))
    centres *= 1.42 / np.linalg.norm(centres, axis=1, keepdims=True)
    vectors = (centres[:, None] + rng.normal(0, spread, (people, photos, 128))).reshape(-1, 128).astype(np.float32)
    names = [f"p{person:03}/p{person:03}_{photo:04}.jpg" for person in range(people) for photo in range(photos)]
    nothing = np.zeros((len(names), 6))
    return Encodings(np.array(names), vectors, vectors, nothing[:, :4], nothing, np.array([]))


def accuracy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: Encodings) -> dict[str, Any]:
    monkeypatch.setattr(bench_accuracy, "encode_folder", lambda *_: known)
    small = ("--encoder", "dlib", "--people", "20", "--photos", "2", "--draws", "2")
    done = CliRunner().invoke(bench_accuracy.command, [str(tmp_path), "--json", *small])
    assert done.exception is None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_people_who_are_easy_to_tell_apart_are_never_confused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = accuracy(monkeypatch, tmp_path, encodings(60, 4, 0.01))
    assert [row["accuracy"] for row in found["verification"]] == [1.0]
    assert {(row["fpir"], row["fnir"], row["wrong"]) for row in found["rows"]} == {(0.0, 0.0, 0.0)}
    assert {row["people"] for row in found["rows"]} == {20}


def test_people_who_can_not_be_told_apart_are_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = accuracy(monkeypatch, tmp_path, encodings(60, 4, 1.0))
    assert all(row["accuracy"] < 0.65 for row in found["verification"])
    assert all(row["fnir_at_1"] > 0.9 for row in found["rows"])


def test_the_rates_are_those_of_the_gallerys_own_decisions() -> None:
    known = encodings(40, 3, 0.12)
    draw = bench_accuracy._draw(known.people, 15, 1, np.random.default_rng(3))
    sightings = bench_accuracy._gallery(known, draw, PRIORS["dlib"], mirror=False, fpir=0.01)
    templates = [
        Template(name, str(row), "e", known.vectors[row]) for name, rows in draw.enrolled.items() for row in rows
    ]
    matches = Gallery(templates, PRIORS["dlib"], Limits(0.01)).match_all(known.vectors[draw.known])
    right = [
        match.outcome is Outcome.RECOGNIZED and match.person_id == name
        for match, name in zip(matches, known.people[draw.known], strict=True)
    ]
    assert 0 < np.mean(right) < 1
    assert bench_accuracy._rates(*sightings)["fnir"] == pytest.approx(1 - np.mean(right))


def seen(first: list[float], second: list[float], right: list[bool]) -> Sightings:
    nobody = np.zeros(len(first), bool)
    who = np.array([f"p{place}" for place in range(len(first))])
    return Sightings(np.array(first), np.array(second), np.array(right), nobody, nobody, who)


def test_the_rates_of_a_fixed_limit_count_strangers_and_wrong_names() -> None:
    known = seen([0.3, 0.3, 0.7], [0.9, 0.9, 0.9], [True, False, True])
    strangers = seen([0.4, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.9], [False] * 4)
    rates = bench_accuracy._fixed(known, strangers, 0.5, None)
    assert rates["fpir"] == 0.25
    assert rates["fnir"] == pytest.approx(2 / 3)
    assert rates["wrong"] == pytest.approx(1 / 3)


def test_a_margin_keeps_out_who_is_as_near_to_two() -> None:
    known = seen([0.4, 0.4], [0.9, 0.41], [True, True])
    strangers = seen([0.45, 0.45], [0.9, 0.46], [False, False])
    rates = bench_accuracy._fixed(known, strangers, 0.5, 0.36)
    assert (rates["fpir"], rates["fnir"]) == (0.5, 0.5)


def test_an_interval_holds_the_share_and_counts_people_not_photos() -> None:
    flags = np.arange(400) % 10 == 0
    apart = det.interval(flags, np.arange(400))
    together = det.interval(np.repeat(flags[:40], 10), np.repeat(np.arange(40), 10))
    assert apart[0] < 0.1 < apart[1]
    assert together[1] - together[0] > 2 * (apart[1] - apart[0])


def test_a_persons_photos_are_never_in_both_halves() -> None:
    who = np.repeat(np.arange(31), 3)
    half = det.halves(who)
    assert all(len(set(half[who == person])) == 1 for person in range(31))
    assert 15 <= half.sum() / 3 <= 16


def test_a_limit_is_scored_on_the_strangers_that_it_was_not_chosen_on() -> None:
    strangers = np.random.default_rng(0).normal(1.0, 0.1, 4000)
    known = np.array([0.5, 0.6, 2.0, 0.55])
    fpir, fnir = det.crossed(known, np.array([True, True, True, False]), strangers, np.arange(4000), 0.01)
    assert fpir == pytest.approx(0.01, abs=0.004)
    assert fpir != pytest.approx(0.01, abs=1e-6)
    assert fnir == 0.5


def test_a_det_curve_falls_and_is_written_as_picture_and_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    known, strangers = rng.normal(0.5, 0.1, 500), rng.normal(1.0, 0.1, 500)
    limits, fpir, fnir = points = det.curve(known, np.ones(500, bool), strangers)
    assert (np.diff(fpir) > 0).all()
    assert (np.diff(fnir) <= 0).all()
    middle = len(limits) // 2
    assert fnir[middle] == pytest.approx(np.mean(known > limits[middle]))
    det.write_png(tmp_path / "det.png", {"one": points, "two": points}, "made up")
    det.write_csv(tmp_path / "det.csv", {"one": points})
    assert len((tmp_path / "det.csv").read_text().splitlines()) == len(limits) + 1
    with Image.open(tmp_path / "det.png") as picture:
        assert picture.size[0] > 500
        assert len(picture.getcolors()) > 10


def test_matching_is_measured_against_a_floor_and_the_naive_way() -> None:
    done = CliRunner().invoke(bench_match.command, ["--people", "50", "--people", "200", "--rounds", "3", "--json"])
    assert done.exception is None
    rows = json.loads(done.stdout)["rows"]
    assert [row["people"] for row in rows] == [50, 200]
    assert all(row["match_ms"] > 0 and row["floor_ms"] > 0 and row["naive_ms"] > 0 for row in rows)


def test_variants_take_turns_and_the_first_round_is_not_counted() -> None:
    calls: list[str] = []
    medians = measure.interleaved({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 4
    assert set(medians) == {"a", "b"}
