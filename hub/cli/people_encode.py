"""`presenza people encode`: the enrolment photos, encoded by the chosen encoder."""

import asyncio
import os
from contextlib import closing
from functools import partial

import click
from rich.console import Console
from rich.progress import Progress

from hub import faces
from hub.cli.output import emit_json, json_option, note, settings_option
from hub.faces import worker
from hub.metrics import Metrics
from hub.model import Photo
from hub.reencode import Reencoding
from hub.settings import Settings
from hub.store import Store
from hub.store.opening import open_pictures, open_store
from hub.workers import Workers


@click.command("encode")
@settings_option
@json_option
def encode_command(settings: Settings, *, as_json: bool) -> int:
    """Encode the photos that the chosen encoder hasn't encoded.

    A running hub does this by itself after PRESENZA_ENCODER was changed, and recognizes people by the encoder
    before until it is done. Photos that can't be encoded are listed: exit code 1.
    """
    with closing(open_store(settings)) as store:
        encoded, failed = asyncio.run(_encode(settings, store))
    if as_json:
        failures = [{"person_id": photo.person_id, "photo_id": photo.photo_id} for photo in failed]
        emit_json({"encoder": settings.encoder, "encoded": encoded, "failed": failures})
        return 1 if failed else 0
    for photo in failed:
        note(f"{photo.key} can't be encoded; give {photo.person_id} a new photo.")
    click.echo(f"{encoded} photos encoded by {settings.encoder}, {len(failed)} failed")
    return 1 if failed else 0


async def _encode(settings: Settings, store: Store) -> tuple[int, list[Photo]]:
    options = faces.options(settings)
    if not store.photos_without(faces.engine_id(options)):
        return 0, []
    os.environ.update(worker.ENVIRONMENT)
    workers = Workers(settings.workers, partial(worker.start_aside, options), Metrics())
    try:
        await workers.start()
        encode = partial(workers.run, worker.encode_photo)
        reencoding = Reencoding(store, open_pictures(settings), faces.engine_id(options), encode)
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task("encoding photos")
            encoded = await reencoding.run(lambda done, total: progress.update(bar, completed=done, total=total))
    finally:
        await workers.close()
    return encoded, list(reencoding.failed.values())
