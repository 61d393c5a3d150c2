"""`presenza broker`: Mosquitto with our configuration, in the foreground."""

import signal
import subprocess
from types import FrameType

import click

import broker
from hub.cli.output import note, settings_option
from hub.errors import PresenzaError
from hub.settings import Settings

CERTIFICATES_S = 60.0  # how often is looked whether certificates are due, or one's own were replaced


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

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if process is not None:
            process.terminate()

    def look(_number: int, _frame: FrameType | None) -> None:
        if process is not None:
            _renew(settings, process)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    signal.signal(signal.SIGALRM, look)
    # A group of its own: Ctrl-C reaches us alone, and we end it in order.
    process = subprocess.Popen(broker.command(settings), pass_fds=(lock,), process_group=0)
    signal.setitimer(signal.ITIMER_REAL, CERTIFICATES_S, CERTIFICATES_S)
    if stopping:
        process.terminate()
    code = process.wait()
    signal.setitimer(signal.ITIMER_REAL, 0)
    if stopping:
        note("The broker has stopped.")
    return 0 if stopping else code


def _renew(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    try:
        if broker.renew(settings):
            process.send_signal(signal.SIGHUP)
            note("The broker shows a new certificate.")
    except (PresenzaError, OSError) as error:  # what it shows now is still good
        note(f"The broker's certificate can't be renewed: {error}")
