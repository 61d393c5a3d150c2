"""What the second encoder costs: a frame with one face by each encoder, and what is spared in a burst.

All take turns in one run. `settled`: the face is that of a person who was recognized before in the same
motion; `far`: dlib's encoder rules out everybody. A burst is one first look and the others settled, as the
hub asks for once somebody is recognized.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from hub import faces, settings
from hub.cli.output import json_option
from hub.faces import EngineOptions, worker
from hub.faces.encoding import BOTH, ENCODERS, PART
from hub.model import Settled, Skip
from tests.benchmarks.measure import Times, report, timed

BURST = 8  # frames, what a camera sends of one motion by default
STAGES = ("decode", "detect", "encode")
COLUMNS = {
    "what": "What",
    "ms": "ms",
    "quiet_ms": "quiet",
    "decode": "decode",
    "detect": "detect",
    "encode": "encode",
    "times_dlib": "× dlib alone",
    "times_dlib_quiet": "quiet",
}


@click.command()
@click.option("--rounds", default=60, show_default=True, type=click.IntRange(3), help="Measurements of each variant.")
@json_option
def command(rounds: int, as_json: bool) -> None:
    """Milliseconds of one VGA frame with one face, by encoder, and of SFace's network as converted and as rewritten."""
    os.environ.update(worker.ENVIRONMENT)
    loaded = settings.load()
    ways = _ways(loaded.cache_dir, loaded.min_face_px)
    stages: dict[str, list[dict[str, float]]] = {way: [] for way in ways}

    def staged(way: str) -> Callable[[], None]:
        return lambda: stages[way].append(ways[way]().ms)

    times = timed({way: staged(way) for way in ways}, rounds)
    times[f"burst of {BURST}, mean of a frame"] = _burst(times[BOTH], times[f"{BOTH}, settled"])
    networks = timed(_networks(loaded.cache_dir), rounds)
    rows = [_row(what, each, times["dlib"], stages.get(what, [])) for what, each in (times | networks).items()]
    report("encoders", rows, COLUMNS, as_json=as_json)


def _ways(cache_dir: Path, min_face_px: int) -> dict[str, Callable[[], Any]]:
    from tests.integration.portraits import encoded, person, scene

    jpeg = encoded(scene(person("biden")))
    engines = {name: faces.load(EngineOptions("fast", cache_dir, min_face_px, name)) for name in ENCODERS}
    face = engines[BOTH].analyze(jpeg).faces[0]
    assert face.vector is not None
    again = Skip((Settled(face.box, face.vector),))
    far = Skip(people=np.zeros((100, PART), np.float32), far=0.65)
    return {
        "dlib": lambda: engines["dlib"].analyze(jpeg),
        "sface": lambda: engines["sface"].analyze(jpeg),
        BOTH: lambda: engines[BOTH].analyze(jpeg),
        f"{BOTH}, settled": lambda: engines[BOTH].analyze(jpeg, again),
        f"{BOTH}, far": lambda: engines[BOTH].analyze(jpeg, far),
    }


def _burst(first: Times, settled: Times) -> Times:
    return Times(*((one + (BURST - 1) * other) / BURST for one, other in _pairs(first, settled)))


def _pairs(one: Times, other: Times) -> tuple[tuple[float, float], tuple[float, float]]:
    return (one.median, other.median), (one.quiet, other.quiet)


def _networks(cache_dir: Path) -> dict[str, Callable[[], Any]]:
    """SFace's network alone, on one aligned face."""
    import onnxruntime

    from hub.faces.sface import SFace, model_file

    model_file(cache_dir)
    rewritten = SFace(cache_dir)
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = session_options.inter_op_num_threads = 1
    session_options.log_severity_level = 3
    converted = onnxruntime.InferenceSession(_as_converted(), session_options, providers=["CPUExecutionProvider"])
    face = np.random.default_rng(0).integers(0, 256, (1, 112, 112, 3)).astype(np.uint8)
    planes = np.ascontiguousarray(face.transpose(0, 3, 1, 2)).astype(np.float32)
    assert np.allclose(rewritten.encode(face), _unit(converted.run(None, {"data": planes})[0]), atol=1e-4)
    return {
        "SFace's network as converted": lambda: converted.run(None, {"data": planes}),
        "SFace's network as rewritten": lambda: rewritten.encode(face),
    }


def _unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _as_converted() -> bytes:
    """The published network with plain float weights in the place of int8 blocks, and nothing else changed."""
    import onnx

    from hub.faces import onnx_rewrite
    from hub.faces.sources import SFACE

    graph = onnx.load_model_from_string(SFACE.read()).graph
    known = onnx_rewrite.constants_of(onnx, graph)
    nodes = [node for node in graph.node if node.output[0] not in known]
    for node in nodes:
        if node.op_type == "Dropout":
            node.CopyFrom(onnx.helper.make_node("Identity", [node.input[0]], [node.output[0]]))
    used = {name for node in nodes for name in node.input}
    info = onnx.helper.make_tensor_value_info
    made = onnx.helper.make_graph(
        nodes,
        "sface",
        [info("data", onnx.TensorProto.FLOAT, [1, 3, 112, 112])],
        [info("fc1", onnx.TensorProto.FLOAT, [1, 128])],
        [onnx.numpy_helper.from_array(value, name) for name, value in known.items() if name in used],
    )
    model = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    serialized: bytes = model.SerializeToString()
    return serialized


def _row(what: str, times: Times, dlib: Times, stages: list[dict[str, float]]) -> dict[str, Any]:
    network = "network" in what
    return {
        "what": what,
        "ms": times.median,
        "quiet_ms": times.quiet,
        **({stage: float(np.quantile([ms[stage] for ms in stages], 0.1)) for stage in STAGES} if stages else {}),
        "times_dlib": None if network else times.median / dlib.median,
        "times_dlib_quiet": None if network else times.quiet / dlib.quiet,
    }
