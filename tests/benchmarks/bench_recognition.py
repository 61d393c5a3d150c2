"""From a JPEG to dlib's encodings: the plain face_recognition loop, the reference engine, and the fast one.

What the second encoder costs on top is measured by `presenza bench encoders`.

Naive is what face_recognition's own examples do with its defaults: decode, find, encode, compare.
"""

import io
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

from hub import faces
from hub.cli.output import json_option
from hub.faces import EngineOptions, worker
from hub.settings import Settings
from tests.benchmarks.measure import report, timed

KNOWN = 100  # people whom the naive loop compares with
STAGES = ("decode", "detect", "encode")
SLOW, FAST = 6, 80  # frames that a worker gets in one round of the throughput
COLUMNS = {
    "way": "Way",
    "frame": "Frame",
    "ms": "ms",
    "quiet_ms": "quiet",
    "decode": "decode",
    "detect": "detect",
    "encode": "encode",
    "over_floor": "× floor",
    "times_naive": "× naive",
    "fps_1": "fps, 1 worker",
    "fps_n": "fps, N workers",
}


@click.command()
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(3), help="Measurements of each variant.")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1), help="The N.")
@json_option
def command(rounds: int, workers: int, as_json: bool) -> None:
    """Frames per second and milliseconds by stage, with a face and without."""
    from hub import settings

    os.environ.update(worker.ENVIRONMENT)
    loaded = settings.load()
    frames = _frames()
    ways = _ways(loaded)
    times = timed(
        {
            f"{way} {name}": (lambda run=run, jpeg=jpeg: run(jpeg))
            for way, run in ways.items()
            for name, jpeg in frames.items()
        },
        rounds,
    )
    floors = {name: _floor_ms(jpeg, loaded.cache_dir, has_face=name == "face") for name, jpeg in frames.items()}
    stages = {way: _stages(run, frames, rounds) for way, run in ways.items()}
    fps = _throughput(loaded, frames, workers)
    rows = [
        {
            "way": way,
            "frame": name,
            "ms": times[f"{way} {name}"].median,
            "quiet_ms": times[f"{way} {name}"].quiet,
            **stages[way][name],
            "over_floor": times[f"{way} {name}"].quiet / floors[name],
            "times_naive": times[f"naive {name}"].median / times[f"{way} {name}"].median,
            "fps_1": fps[way, name, 1],
            "fps_n": fps[way, name, workers],
        }
        for way in ways
        for name in frames
    ]
    report("recognition", rows, COLUMNS, as_json=as_json, floor_ms=floors, workers=workers)


def _frames() -> dict[str, bytes]:
    """VGA JPEGs: one person before a wall, and the wall."""
    from tests.integration.portraits import encoded, person, scene

    return {"face": encoded(scene(person("biden"))), "no face": encoded(scene())}


def _ways(loaded: Settings) -> dict[str, Callable[[bytes], object]]:
    options = [EngineOptions(name, loaded.cache_dir, loaded.min_face_px, "dlib") for name in ("reference", "fast")]
    engines = {each.engine: faces.load(each) for each in options}
    _start_naive()
    return {"naive": _naive} | {name: engine.analyze for name, engine in engines.items()}


_library: Any = None
_known: list[Any] = []


def _start_naive() -> None:
    global _library, _known  # noqa: PLW0603  what a worker process holds
    import face_recognition

    _library = face_recognition
    _known = list(np.random.default_rng(0).normal(0, 0.12, (KNOWN, 128)))


def _naive(jpeg: bytes) -> object:
    image = _library.load_image_file(io.BytesIO(jpeg))
    places = _library.face_locations(image)
    return [np.argmin(_library.face_distance(_known, encoding)) for encoding in _library.face_encodings(image, places)]


def _stages(run: Callable[[bytes], Any], frames: dict[str, bytes], rounds: int) -> dict[str, dict[str, float]]:
    """Median milliseconds by stage; the naive loop doesn't tell them apart."""
    if run is _naive:
        return {name: {} for name in frames}
    found: dict[str, dict[str, float]] = {}
    for name, jpeg in frames.items():
        measured = [run(jpeg).ms for _ in range(rounds)]
        found[name] = {stage: median(ms[stage] for ms in measured) for stage in STAGES if stage in measured[0]}
    return found


@contextmanager
def _pool(way: str, count: int, loaded: Settings) -> Iterator[Callable[[list[bytes]], float]]:
    """Worker processes; the function gives them all of some frames and returns the frames per second."""
    context = multiprocessing.get_context("spawn")
    options = EngineOptions(way, loaded.cache_dir, loaded.min_face_px, "dlib")
    start, arguments = (_start_naive, ()) if way == "naive" else (worker.start, (options,))
    with ProcessPoolExecutor(count, context, start, arguments) as pool:
        work = _naive if way == "naive" else worker.analyze

        def run(jpegs: list[bytes]) -> float:
            began = time.perf_counter()
            for _ in pool.map(work, jpegs):
                pass
            return len(jpegs) / (time.perf_counter() - began)

        yield run


def _throughput(loaded: Settings, frames: dict[str, bytes], workers: int) -> dict[tuple[str, str, int], float]:
    found: dict[tuple[str, str, int], list[float]] = {}
    for count in sorted({1, workers}):
        with ExitStack() as stack:
            pools = {way: stack.enter_context(_pool(way, count, loaded)) for way in ("naive", "reference", "fast")}
            for round_ in range(4):
                for way, run in pools.items():
                    for name, jpeg in frames.items():
                        fps = run([jpeg] * count * (FAST if way == "fast" else SLOW))
                        if round_:  # the first loads and warms up
                            found.setdefault((way, name, count), []).append(fps)
    return {key: median(values) for key, values in found.items()}


def _floor_ms(jpeg: bytes, cache_dir: Path, *, has_face: bool) -> float:
    """The least that the fast way can take here: its JPEG decodes, and its networks' arithmetic at sgemm's speed."""
    import simplejpeg

    from hub.faces.models import DETECTOR_ONNX, ENCODER_ONNX

    square = np.ones((768, 768), np.float32)
    ms = timed(
        {
            "sgemm": lambda: square @ square,
            "half": lambda: simplejpeg.decode_jpeg(jpeg, min_width=320, min_height=240),
            "whole": lambda: simplejpeg.decode_jpeg(jpeg),
        },
        50,
    )
    per_ms = 2 * 768**3 / ms["sgemm"].quiet
    detecting = _operations(DETECTOR_ONNX.path(cache_dir), [1, 256, 320, 3]) / per_ms
    encoding = _operations(ENCODER_ONNX.path(cache_dir), [1, 150, 150, 3]) / per_ms
    return ms["half"].quiet + detecting + (ms["whole"].quiet + encoding if has_face else 0.0)


def _operations(path: Path, shape: list[int]) -> int:
    """Floating-point operations of a model's convolutions for an input of this shape."""
    import onnx

    model = onnx.load(path)
    for dimension, size in zip(model.graph.input[0].type.tensor_type.shape.dim, shape, strict=True):
        dimension.dim_value = size
    graph = onnx.shape_inference.infer_shapes(model).graph
    sizes = {info.name: [d.dim_value for d in info.type.tensor_type.shape.dim] for info in graph.value_info}
    weights = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    convolutions = (node for node in graph.node if node.op_type == "Conv")
    return sum(2 * int(np.prod(weights[node.input[1]])) * _pixels(sizes[node.output[0]]) for node in convolutions)


def _pixels(shape: list[int]) -> int:
    return shape[2] * shape[3]
