"""`presenza broker`: Mosquitto with our configuration, in the foreground."""

import signal
import subprocess
import time
from contextlib import closing, suppress
from functools import partial
from types import FrameType

import click

import broker
from broker.lock import write_holder
from hub.cli.output import note, settings_option
from hub.errors import Conflict, PresenzaError
from hub.model import Device
from hub.settings import Settings
from hub.store.opening import open_store

LOOK_S = 1.0  # how soon mosquitto is told of a certificate that was replaced or revoked
RENEW_S = 60.0  # how often is looked whether one is due


@click.command("broker")
@settings_option
def broker_command(settings: Settings) -> None:
    """Run the MQTT broker until Ctrl-C."""
    with broker.locked(settings) as lock:
        broker.prepare(settings)
        broker.check_port(settings)
        note(
            f"The broker listens on 127.0.0.1:{settings.mqtt_local_port} for the hub, "
            f"and with TLS on {settings.mqtt_bind or '*'}:{settings.mqtt_port} for cameras; Ctrl-C ends it."
        )
        code = run(settings, lock)
    if code != 0:
        raise PresenzaError(f"mosquitto ended with exit code {code}; its last lines above say why.")


def run(settings: Settings, lock: int) -> int:
    """Run mosquitto until it ends or we are told to; returns its exit code, 0 when we ended it."""
    process: subprocess.Popen[bytes] | None = None
    stopping = False
    watch = CertificateWatch(settings)

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if process is not None:
            process.terminate()

    def look(_number: int, _frame: FrameType | None) -> None:
        if process is not None and watch.changed():
            process.send_signal(signal.SIGHUP)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    signal.signal(signal.SIGALRM, look)
    # A group of its own: Ctrl-C reaches us alone, and we end it in order.
    process = subprocess.Popen(broker.command(settings), pass_fds=(lock,), process_group=0)
    write_holder(lock, process.pid)
    signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)
    if stopping:
        process.terminate()
    desk = broker.Desk(settings, partial(register_claimed, settings), tell=note)
    desk.start()
    code = process.wait()
    desk.stop()
    signal.setitimer(signal.ITIMER_REAL, 0)
    if stopping:
        note("The broker has stopped.")
    return 0 if stopping else code


def register(settings: Settings, device: str, remark: str = "") -> None:
    """Put a camera on the list, unless it is there: it may have got its identity anew."""
    with closing(open_store(settings)) as store, suppress(Conflict):
        store.add_device(Device(device, created_ms=time.time_ns() // 1_000_000, note=remark))


def register_claimed(settings: Settings, device: str) -> None:
    """Put a camera that has used its code on the list, with the note that was given with the code."""
    register(settings, device, broker.code_note(settings, device))


class CertificateWatch:
    """Renews certificates that are due, and notices those that another process replaced or revoked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen = broker.certificate_stamp(settings)
        self._renew_at = time.monotonic() + RENEW_S

    def changed(self) -> bool:
        """Whether mosquitto must read its certificates again."""
        if time.monotonic() >= self._renew_at:
            self._renew_at = time.monotonic() + RENEW_S
            self._renew()
        before, self._seen = self._seen, broker.certificate_stamp(self._settings)
        if self._seen == before:
            return False
        note("The broker reads its certificates again.")
        return True

    def _renew(self) -> None:
        try:
            broker.renew(self._settings)
        except (PresenzaError, OSError) as error:  # what it shows now is still good
            note(f"The broker's certificate can't be renewed: {error}")
