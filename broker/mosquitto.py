"""The program mosquitto: where it is, how it is started, whether its ports are free."""

import os
import shutil
import socket
import sysconfig
from pathlib import Path

from hub.errors import Busy, Unavailable
from hub.settings import Settings

LOOPBACK = "127.0.0.1"
OPEN_FILES = 9000  # the 4000 connections of each of the cameras' listeners, and room
PLUGIN = "mosquitto_dynamic_security.so"
# Debian keeps daemons out of a user's path; the others are Homebrew's and a build of one's own.
SEARCH = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin", "/usr/local/opt/mosquitto/sbin")
INSTALL = (
    "Install it with `apt install mosquitto` (Debian, Ubuntu), `dnf install mosquitto` or `brew install mosquitto`."
)


def find_mosquitto() -> Path:
    """The broker's program. Raises Unavailable that says what to install."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *SEARCH))
    found = shutil.which("mosquitto", path=path)
    if found is None:
        raise Unavailable(f"mosquitto is not installed. {INSTALL}")
    return Path(found)


def find_plugin() -> Path:
    """The dynamic-security plugin; its folder differs by system and architecture."""
    program = find_mosquitto().resolve()
    for folder in _plugin_folders(program.parent.parent):
        if (folder / PLUGIN).is_file():
            return folder / PLUGIN
    raise Unavailable(f"{program} has no {PLUGIN} beside it; Presenza needs Mosquitto 2.0.11 or newer. {INSTALL}")


def _plugin_folders(prefix: Path) -> list[Path]:
    triplet = str(sysconfig.get_config_var("MULTIARCH") or "")
    prefixes = list(dict.fromkeys((prefix, Path("/usr"), Path("/usr/local"), Path("/opt/homebrew"))))
    named = [each / folder for each in prefixes for folder in (f"lib/{triplet}", "lib64", "lib", "lib/mosquitto")]
    # Python may be built without a triplet, or for another one than the system's.
    found = [folder for each in prefixes for folder in sorted(each.glob("lib/*-linux-*"))]
    return named + found


def command(settings: Settings) -> list[str]:
    """What to execute to run the broker in the foreground, after `prepare`.

    The shell only changes to the broker's folder, to which the paths in the configuration are
    relative, allows it as many open files as it needs, and is replaced by mosquitto: signals and
    the exit code are mosquitto's own.
    """
    script = 'cd "$0" && { ulimit -n $OPEN_FILES 2>/dev/null || ulimit -n "$(ulimit -Hn)"; } && exec "$@"'
    script = script.replace("$OPEN_FILES", str(OPEN_FILES))
    return ["/bin/sh", "-c", script, str(settings.broker_dir), str(find_mosquitto()), "-c", "mosquitto.conf"]


def check_port(settings: Settings) -> None:
    """Raise Busy when another program listens where this broker should."""
    if not _is_free(LOOPBACK, settings.mqtt_local_port):
        raise _taken(settings.mqtt_local_port, "PRESENZA_MQTT_LOCAL_PORT")
    if not _is_free(settings.mqtt_bind, settings.mqtt_port):
        raise _taken(settings.mqtt_port, "PRESENZA_MQTT_PORT")
    extra = settings.mqtt_certificate_port
    if extra is not None and not _is_free(settings.mqtt_bind, extra):
        raise _taken(extra, "PRESENZA_MQTT_CERTIFICATE_PORT")


def is_running(settings: Settings) -> bool:
    """Whether something listens on the broker's local port."""
    return not _is_free(LOOPBACK, settings.mqtt_local_port)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As mosquitto does: a port that was closed a moment ago counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:  # below 1024 without the right to; mosquitto will say so
            return True
        except OSError:
            return False
    return True


def _taken(port: int, setting: str) -> Busy:
    return Busy(
        f"Port {port} is taken by another program. Stop that (`ss -ltnp 'sport = :{port}'` shows it), "
        f"or set {setting} to a free port."
    )
