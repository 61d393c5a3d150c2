"""A check of the keys that faces are sealed under."""

from collections.abc import Iterator
from contextlib import closing

from hub.cli.finding import Check, Finding, fail, ok, warn
from hub.errors import KeyMissing
from hub.reseal import in_use
from hub.sealing import is_private
from hub.settings import Settings
from hub.store.opening import open_keys, open_pictures, open_store

BACK = "Put the file back from a backup; if it is lost: presenza key forget"


def site_key(settings: Settings) -> Iterator[Finding]:
    if not settings.database.exists():
        yield ok("Site key", "will be made at the first start")
        return
    keys = open_keys(settings)
    try:
        with closing(open_store(settings)) as store:
            counts = in_use(store, open_pictures(settings))
    except KeyMissing as error:
        yield fail("Site key", str(error), BACK)
        return
    plain = counts.pop("", 0)
    lost = sum(count for key_id, count in counts.items() if key_id not in {key.key_id for key in keys.all()})
    if lost:
        yield fail("Site key", f"{lost} faces and pictures are under keys that {keys.path} lacks.", BACK)
    if not is_private(keys.path):
        yield fail("Site key", f"{keys.path} can be read by others.", f"Close it: chmod 600 {keys.path}")
    if plain:
        yield warn(
            "Site key", f"{plain} pictures of an older version aren't sealed.", "A running hub does it by itself."
        )
    if not lost and not plain and is_private(keys.path):
        yield ok("Site key", f"{sum(counts.values())} faces and pictures are sealed under {keys.path}")


CHECKS: tuple[Check, ...] = (site_key,)
