"""Unknown faces put together by likeness, for who looks through them.

The encodings of strangers are never stored: they are made anew from the kept pictures when somebody
asks, and forgotten with the process.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from hub.calibration import prior_of
from hub.errors import PresenzaError
from hub.metrics import Metrics
from hub.model import Analysis, Box, Skip, Vector
from hub.payloads import LikenessFace, LikenessReply, LikenessRequest
from hub.recognizer import Recognizer
from hub.store.pictures import PictureStore

SAME_PERSON = 1e-4  # as near to the mean of a group comes so small a share of other people
OVERLAP = 0.5  # of two boxes, by which a face is found again in its picture
REMEMBERED = 2000  # encodings, half a KB each


_Key = tuple[str, str, tuple[int, ...]]  # engine, picture, box


class Likeness:
    """Answers `hub/rpc/likeness`."""

    def __init__(self, pictures: PictureStore, recognizer: Callable[[], Recognizer], metrics: Metrics) -> None:
        self._pictures = pictures
        self._recognizer = recognizer
        self._metrics = metrics
        self._known: OrderedDict[_Key, Vector | None] = OrderedDict()

    async def groups(self, request: LikenessRequest) -> LikenessReply:
        """The places of the request's faces, group by group; a face that can't be encoded stays alone."""
        recognizer = self._recognizer()
        vectors = [await self._vector(face, recognizer) for face in request.faces]
        reach = prior_of(recognizer.engine_id).law(1, 0.0).limit(SAME_PERSON)
        return LikenessReply(groups=group(vectors, reach))

    async def _vector(self, face: LikenessFace, recognizer: Recognizer) -> Vector | None:
        key = (recognizer.engine_id, face.picture, tuple(face.box))
        if key not in self._known:
            await self._learn(face, key, recognizer)
        return self._known.get(key)

    async def _learn(self, face: LikenessFace, key: _Key, recognizer: Recognizer) -> None:
        """Encode a face; one picture at a time, so that the cameras' frames hardly wait."""
        vector = None
        try:
            # In a thread: a picture may come from the cloud.
            picture = await asyncio.to_thread(self._pictures.get, face.picture)
            analysis = await recognizer.look(picture, Skip())
        except (PresenzaError, OSError) as error:
            self._metrics.count("likeness_failed", type(error).__name__)
        else:
            vector = encoding_at(analysis, Box(*face.box))
        self._known[key] = vector
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def group(vectors: Sequence[Vector | None], reach: float) -> list[list[int]]:
    """Each vector joins the group whose mean is nearest, if it is within reach; the largest groups first."""
    groups: list[list[int]] = []
    means: list[Vector] = []
    for place, vector in enumerate(vectors):
        if vector is None:
            continue
        distances = [float(np.linalg.norm(mean - vector)) for mean in means]
        nearest = int(np.argmin(distances)) if distances else -1
        if nearest >= 0 and distances[nearest] <= reach:
            groups[nearest].append(place)
            means[nearest] = means[nearest] + (vector - means[nearest]) / np.float32(len(groups[nearest]))
        else:
            groups.append([place])
            means.append(vector)
    alone = [[place] for place, vector in enumerate(vectors) if vector is None]
    return sorted(groups, key=len, reverse=True) + alone


def encoding_at(analysis: Analysis, box: Box) -> Vector | None:
    """The encoding of the face that lies where `box` says."""
    best = max(analysis.faces, key=lambda face: overlap(face.box, box), default=None)
    return best.vector if best is not None and overlap(best.box, box) >= OVERLAP else None


def overlap(one: Box, other: Box) -> float:
    """Shared area by joint area, 0…1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.width * one.height + other.width * other.height - shared)
