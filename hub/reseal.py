"""Everything under the current key: pictures of older versions get sealed, and after a rotation all gets the new key.

It goes on from where it was interrupted, because what is left to do is what isn't under the current key.
Hub and dashboards go on meanwhile: whatever they write after the rotation is under the new key already.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hub.errors import KeyMissing, NotFound, SealBroken
from hub.sealing import Keyring
from hub.store import Store
from hub.store.pictures import PictureStore

BATCH = 100  # pictures that are put in the outbox at once
IN_THE_CLOUD = ("people/", "results/")

Show = Callable[[int, int], None]  # done, in all


@dataclass(frozen=True, slots=True)
class Resealed:
    """What was sealed anew; `failed` are pictures that can't be opened: they stay as they are."""

    vectors: int
    pictures: int
    failed: tuple[str, ...]


def reseal(store: Store, pictures: PictureStore, keys: Keyring, show: Show = lambda done, total: None) -> Resealed:
    """Raises KeyMissing or StoreCorrupt for vectors that can't be opened, else what both stores raise."""
    vectors = 0
    while some := store.reseal():
        vectors += some
        show(vectors, vectors)
    current = keys.current_id()
    waiting = [key for key_id, names in pictures.sealed_under().items() if key_id != current for key in names]
    count = 0
    failed: list[str] = []
    for start in range(0, len(waiting), BATCH):
        anew: list[str] = []
        try:
            for number, key in enumerate(waiting[start : start + BATCH], start + 1):
                (failed if _fails(pictures, key) else anew).append(key)
                show(vectors + number, vectors + len(waiting))
        finally:
            count += len(anew)
            store.send_pictures([key for key in anew if key.startswith(IN_THE_CLOUD)])
    store.tidy()
    return Resealed(vectors, count, tuple(failed))


def _fails(pictures: PictureStore, key: str) -> bool:
    try:
        pictures.reseal(key)
    except NotFound:
        pass  # deleted in the meantime
    except (KeyMissing, SealBroken):
        return True
    return False


def in_use(store: Store, pictures: PictureStore) -> dict[str, int]:
    """How many vectors and pictures are sealed under which key; those that aren't under the empty id."""
    counts = dict(store.sealed_under())
    for key_id, names in pictures.sealed_under().items():
        counts[key_id] = counts.get(key_id, 0) + len(names)
    return dict(sorted(counts.items()))


def drop_unused(store: Store, pictures: PictureStore, keys: Keyring) -> list[str]:
    """Forget the keys that nothing is sealed under, the current one aside; their ids."""
    old = {key.key_id for key in keys.all()} - {keys.current_id()}
    # Asked after the ring: what is written from here on is under the current key.
    unused = sorted(old - in_use(store, pictures).keys())
    if unused:
        keys.drop(unused)
    return unused


def forget_lost(store: Store, pictures: PictureStore, keys: Keyring) -> tuple[int, int]:
    """Delete what is sealed under keys that are lost: how many photos and denials, how many pictures."""
    known = {"", *(key.key_id for key in keys.all())}
    rows = gone = 0
    for key_id in store.sealed_under().keys() - known:
        removed = store.forget_sealed_under(key_id)
        rows += removed.rows
        gone += sum(pictures.delete(key) for key in removed.pictures)
    lost = [key for key_id, names in pictures.sealed_under().items() if key_id not in known for key in names]
    return rows, gone + sum(pictures.delete(key) for key in lost)
