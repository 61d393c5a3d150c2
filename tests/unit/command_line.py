"""Commands as a person gives them, run in this process with a face engine that reads its answer from the photo."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hub import faces
from hub.cli import cli
from hub.errors import InvalidImage, PresenzaError
from hub.faces import EngineOptions, PhotoAnalysis
from hub.model import Analysis, Box, Face, Quality, Reason

QUALITY = Quality(size_px=120, sharpness=400.0, brightness=120.0, turn=0.1, score=0.9)


class WrittenFaces:
    """A face engine: the photo `face ada` shows Ada, `blurred`, `nobody` and `two people` what they say."""

    def __init__(self, options: EngineOptions) -> None:
        self.engine_id = faces.engine_id(options)

    def analyze(self, jpeg: bytes) -> Analysis:
        photo = self.analyze_photo(jpeg)
        faces = (Face(Box(0, 100, 100, 0), QUALITY, None, photo.vectors[0]),) if photo.vectors else ()
        return Analysis(640, 480, faces)

    def analyze_photo(self, photo: bytes) -> PhotoAnalysis:
        text = photo.decode()
        if text == "nobody":
            return PhotoAnalysis(photo, faces=0)
        if text == "two people":
            return PhotoAnalysis(photo, faces=2)
        if text == "blurred":
            return PhotoAnalysis(photo, faces=1, quality=QUALITY, reason=Reason.BLURRED)
        if not text.startswith("face "):
            raise InvalidImage("corrupt", "The picture's data is damaged.")
        seed = int.from_bytes(hashlib.sha256(photo).digest()[:8])
        vector = np.random.default_rng(seed).normal(size=128).astype(np.float32)
        vector /= np.linalg.norm(vector)
        return PhotoAnalysis(photo, faces=1, quality=QUALITY, vectors=(vector, vector))


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """`presenza …` on a data folder of its own."""

    folder: Path

    def __call__(self, *arguments: str | Path) -> Ended:
        ended = CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)
        error = ended.exception
        if isinstance(error, PresenzaError):
            return Ended(error.exit_code, ended.stdout, f"{ended.stderr}{error}")
        if error is not None and not isinstance(error, SystemExit):
            raise error
        code = ended.return_value if isinstance(ended.return_value, int) else ended.exit_code
        return Ended(code, ended.stdout, ended.stderr)

    def photo(self, name: str, content: str) -> Path:
        path = self.folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path


@pytest.fixture
def presenza(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setattr(faces, "load", WrittenFaces)
    monkeypatch.setenv("PRESENZA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PRESENZA_TIME_ZONE", "Europe/Rome")
    return CommandLine(tmp_path)
