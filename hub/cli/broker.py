"""`presenza broker`: Mosquitto with our configuration, in the foreground."""

import signal
import subprocess
from types import FrameType

import click

import broker
from hub.cli.output import note, settings_option
from hub.errors import PresenzaError
from hub.settings import Settings

STOP_S = 4.0  # mosquitto writes its retained messages and goes within a moment


@click.command("broker")
@settings_option
def broker_command(settings: Settings) -> None:
    """Run the MQTT broker until Ctrl-C."""
    with broker.locked(settings) as lock:
        broker.prepare(settings)
        broker.check_port(settings)
        note(f"The broker listens on 127.0.0.1:{settings.mqtt_local_port}; Ctrl-C ends it.")
        code = run(broker.command(settings), lock)
    if code != 0:
        raise PresenzaError(f"mosquitto ended with exit code {code}; its last lines above say why.")


def run(argv: list[str], lock: int) -> int:
    """Run mosquitto until it ends or we are told to; returns its exit code, 0 when we ended it."""
    # A group of its own: Ctrl-C reaches us alone, and we end it in order.
    process = subprocess.Popen(argv, pass_fds=(lock,), process_group=0)
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    code = process.wait()
    if stopping:
        note("The broker has stopped.")
    return 0 if stopping else code
