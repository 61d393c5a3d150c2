"""SFace: the rewritten network gives the published one's encodings, and faces are cut out straight."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from hub.faces import sface
from hub.faces.models import Converted
from hub.faces.sources import SFACE, ModelMissing, Source

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    sface.model_file(folder)
    return folder


def pictures(count: int) -> npt.NDArray[np.uint8]:
    """Blurred noise, whose encodings differ as much as faces' do."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (count, 14, 14, 3))
    return np.repeat(np.repeat(coarse, 8, 1), 8, 2).astype(np.uint8)


def published(faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What the network gives as it was published: int8 blocks, PReLU, float planes in RGB, one face at a time."""
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    model = onnx.load_model_from_string(SFACE.read())
    del model.graph.input[1:]  # weights that quantising left behind
    model = model.SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    planes = faces.transpose(0, 3, 1, 2).astype(np.float32)
    return np.concatenate([session.run(["fc1"], {"data": face[None]})[0] for face in planes])


def test_the_rewritten_network_gives_the_published_encodings(cache: Path) -> None:
    faces = pictures(6)
    encodings, strengths = sface.SFace(cache).encode_with_strength(faces)
    expected = published(faces)
    lengths = np.linalg.norm(expected, axis=1)
    assert encodings.dtype == np.float32
    assert np.abs(encodings - expected / lengths[:, None]).max() < 1e-5
    assert strengths == pytest.approx(lengths, rel=1e-5)


def test_encodings_have_length_one_and_do_not_depend_on_the_batch(cache: Path) -> None:
    faces = pictures(3)
    encoder = sface.SFace(cache)
    together = encoder.encode(faces)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(together[1] - encoder.encode(faces[1:2])[0]).max() < 1e-5
    assert np.abs(together[0] - together[1]).max() > 0.01


def test_no_faces_have_no_encodings(cache: Path) -> None:
    assert sface.SFace(cache).encode(np.empty((0, 112, 112, 3), np.uint8)).shape == (0, 128)


def test_no_slow_operator_is_left(cache: Path) -> None:
    onnx = pytest.importorskip("onnx")
    kinds = {node.op_type for node in onnx.load(sface.model_file(cache)).graph.node}
    assert kinds == {"Cast", "Transpose", "Sub", "Conv", "Relu", "Add", "Flatten", "Gemm"}


def test_a_damaged_model_is_made_anew(cache: Path, tmp_path: Path) -> None:
    damaged = tmp_path / sface.model_file(cache).relative_to(cache)
    damaged.parent.mkdir()
    damaged.write_bytes(sface.model_file(cache).read_bytes()[:-1000])
    assert np.array_equal(sface.SFace(tmp_path).encode(pictures(1)), sface.SFace(cache).encode(pictures(1)))
    assert damaged.read_bytes() == sface.model_file(cache).read_bytes()


def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(SFACE.package, SFACE.path, "0" * 64)
    monkeypatch.setattr(sface, "CONVERTED", Converted("sface", source, sface.to_onnx))
    with pytest.raises(ModelMissing, match="SHA-256"):
        sface.model_file(tmp_path)


def smooth(height: int, width: int) -> npt.NDArray[np.uint8]:
    """A picture that bilinear sampling reproduces: red rises to the right, green downwards."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack((x, y, (x + y) / 2), 2).round().astype(np.uint8)


@pytest.mark.parametrize("points", [5, 10])
def test_a_face_that_lies_right_is_cut_out_unchanged(points: int) -> None:
    picture = smooth(200, 220)
    aligned = sface.align(picture, sface.TEMPLATE[:points] + np.array([30, 40]))
    assert np.abs(aligned.astype(int) - picture[40:152, 30:142]).max() <= 1  # Pillow rounds down


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_a_face_of_another_size_is_scaled(scale: float) -> None:
    picture = smooth(240, 240)
    aligned = sface.align(picture, sface.TEMPLATE * scale + 20).astype(float)
    y, x = np.mgrid[0:112, 0:112]
    assert np.abs(aligned[..., 0] - ((x + 0.5) * scale + 20 - 0.5)).max() <= 1.5
    assert np.abs(aligned[..., 1] - ((y + 0.5) * scale + 20 - 0.5)).max() <= 1.5


def test_a_large_face_is_averaged_and_not_sampled_with_gaps() -> None:
    checkered = np.indices((600, 600)).sum(0) % 2 * 255
    picture = np.repeat(checkered[..., None], 3, 2).astype(np.uint8)
    aligned = sface.align(picture, sface.TEMPLATE * 4 + 50)
    assert np.abs(aligned.astype(int) - 127).max() <= 2


def test_a_turned_face_is_turned_upright() -> None:
    picture = smooth(240, 240)
    points = np.column_stack((200 - sface.TEMPLATE[:, 1], sface.TEMPLATE[:, 0] + 60))  # a quarter turn clockwise
    aligned = sface.align(picture, points).astype(float)
    y, x = np.mgrid[0:112, 0:112]
    assert np.abs(aligned[..., 0] - (200 - y)).max() <= 1.5
    assert np.abs(aligned[..., 1] - (x + 60)).max() <= 1.5


def test_what_lies_outside_of_the_picture_is_black() -> None:
    aligned = sface.align(np.full((100, 100, 3), 200, np.uint8), sface.TEMPLATE - np.array([56, 0]))
    assert not aligned[:, :50].any()
    assert (aligned[:90, 60:] == 200).all()


def test_points_far_outside_of_the_picture_give_a_black_face() -> None:
    aligned = sface.align(np.full((100, 100, 3), 200, np.uint8), sface.TEMPLATE + 5000)
    assert aligned.shape == (112, 112, 3)
    assert not aligned.any()
