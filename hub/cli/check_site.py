"""Checks of one site: its data folder, store, broker, hub and people."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from threading import Event

from paho.mqtt.client import MQTTMessage

import broker
from broker import mosquitto
from broker.connection import Connection
from hub import __version__, wire
from hub.cli.check_machine import existing
from hub.cli.finding import Check, Finding, fail, ok, warn
from hub.errors import Busy, PayloadRefused, Unavailable
from hub.payloads import HubStatus, decode
from hub.settings import Settings
from hub.store.opening import open_store

ANSWER_S = 2.0


def data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        yield _new_folder(settings)
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield fail(
            "Data folder", f"{folder} can't be written by this user.", f"Give it back: sudo chown -R $USER {folder}"
        )
    elif folder.stat().st_mode & stat.S_IRWXO and settings.database.exists():
        yield warn("Data folder", f"{folder} is open to all users of this machine.", f"Close it: chmod o= {folder}")
    else:
        yield ok("Data folder", str(folder))


def _new_folder(settings: Settings) -> Finding:
    above = existing(settings.data_dir)
    if not os.access(above, os.W_OK | os.X_OK):
        return fail("Data folder", f"{above} can't be written by this user.", "Choose another with PRESENZA_DATA_DIR.")
    return ok("Data folder", f"{settings.data_dir} will be made at the first start")


def store_files(settings: Settings) -> Iterator[Finding]:
    if not settings.database.exists():
        yield ok("Store", "will be made at the first start")
        return
    with closing(open_store(settings)) as store:
        problems = store.problems()
    for problem in problems:
        yield fail("Store", problem, "Stop the hub and put the newest backup of the data folder back.")
    if not problems:
        yield ok("Store", f"{settings.database} is whole")


def broker_and_hub(settings: Settings) -> Iterator[Finding]:
    try:
        with closing(Connection(settings, "hub", ANSWER_S)):
            pass
    except Unavailable as error:
        yield _without_broker(settings, error)
        yield from _ports(settings)
        return
    yield ok("Broker", f"answers at {settings.mqtt_host}:{settings.mqtt_local_port}")
    yield _hub(settings)


def _without_broker(settings: Settings, error: Unavailable) -> Finding:
    local = settings.mqtt_host in ("127.0.0.1", "localhost", "::1")
    if local and not mosquitto.is_running(settings):
        return warn("Broker", "isn't running.", "Start it with `presenza up`.")
    return fail(
        "Broker", str(error), "Stop what holds the port, or set PRESENZA_MQTT_LOCAL_PORT or PRESENZA_MQTT_HOST."
    )


def _ports(settings: Settings) -> Iterator[Finding]:
    """Whether what `presenza up` will listen on is free."""
    try:
        broker.check_port(settings)
    except Busy as error:
        yield fail("Ports", str(error), "See the sentence before.")
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError as error:
            taken = f"{settings.http_host}:{settings.http_port}, the dashboard's, can't be had ({error.strerror})."
            yield warn("Ports", taken, "Set PRESENZA_HTTP_PORT to a free one.")
            return
    yield ok("Ports", "those of the broker and the dashboard are free")


def _hub(settings: Settings) -> Finding:
    received: list[bytes] = []
    arrived = Event()

    def keep(_client: object, _data: object, message: MQTTMessage) -> None:
        received.append(bytes(message.payload))
        arrived.set()

    with closing(Connection(settings, "dashboard", ANSWER_S)) as connection:
        connection.client.on_message = keep
        connection.client.subscribe(wire.hub(settings.site, wire.STATUS), qos=1)
        arrived.wait(ANSWER_S)
    try:
        status = decode(HubStatus, received[0]) if received else None
    except PayloadRefused as error:
        return fail("Hub", f"Its status can't be read: {error}.", "Start the hub anew with `presenza up`.")
    if status is None or status.state != "online":
        return warn("Hub", f"none is online for the site {settings.site}.", "Start it with `presenza up`.")
    if status.version != __version__:
        ours = f"online, version {status.version}, but this is {__version__}."
        return warn("Hub", ours, "Restart `presenza up`, so that hub, dashboard and commands are of one version.")
    return ok("Hub", f"online, version {status.version}")


def cameras(settings: Settings) -> Iterator[Finding]:
    if not settings.database.exists():
        return
    with closing(open_store(settings)) as store:
        known, states = store.devices(), {state.device: state.state for state in store.device_states()}
    away = [each.device for each in known if states.get(each.device, "never seen") not in ("online", "sleeping")]
    if not known:
        yield warn("Cameras", "None has an identity.", "Give one to each: presenza device add NAME")
    elif away:
        yield warn("Cameras", f"not online: {', '.join(away)}.", "See to their power, network and password.")
    else:
        yield ok("Cameras", f"all {len(known)} are online")


CHECKS: tuple[Check, ...] = (data_folder, store_files, broker_and_hub, cameras)
