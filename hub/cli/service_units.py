"""The systemd units: one for each program, all hardened alike, under one target."""

import shlex
from dataclasses import dataclass
from pathlib import Path

TARGET = "presenza.target"

# What a network service needs is granted below; everything else is taken away.
HARDENING = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077"""

UNIT = """\
[Unit]
Description=Presenza: {description}
Documentation=file://{project}/README.md
Wants=network-online.target
After=network-online.target{after}
PartOf={target}
StartLimitIntervalSec=0

[Service]
Type=exec
User={user}
Group={user}
ExecStart={command}
WorkingDirectory={data_dir}
Environment=PRESENZA_CACHE_DIR={cache_dir}
EnvironmentFile=-{environment}
Restart=always
RestartSec=2
TimeoutStopSec=15
KillMode=mixed
MemoryMax={memory_mb}M
TasksMax={tasks}
LimitNOFILE={files}
ReadWritePaths={data_dir} {cache_dir}
{hardening}

[Install]
WantedBy={target}
"""

TARGET_UNIT = f"""\
[Unit]
Description=Presenza: attendance by face
Wants=network-online.target

[Install]
WantedBy=multi-user.target
# Its parts are the presenza-*.service that want to be started with {TARGET}.
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A command that runs as a service, and what it may use."""

    name: str
    description: str
    memory_mb: int
    tasks: int
    files: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where this machine keeps things."""

    executable: Path  # the command `presenza`
    project: Path
    data_dir: Path
    cache_dir: Path
    environment: Path
    user: str


def programs(workers: int) -> list[Program]:
    """A worker takes about 250 MB; the limits leave room for what a bad day brings, and end a leak."""
    return [
        Program("broker", "the MQTT broker", memory_mb=1024, tasks=64, files=16384),
        Program("hub", "the hub", memory_mb=1024 + 600 * workers, tasks=128 + 64 * workers, files=4096),
        Program("dashboard", "the dashboard", memory_mb=1024, tasks=128, files=8192),
    ]


def unit(program: Program, place: Place) -> str:
    """The unit's text. A space in a path is no trouble."""
    return UNIT.format(
        description=program.description,
        after="" if program.name == "broker" else " presenza-broker.service",
        target=TARGET,
        command=f"{_quoted(place.executable)} {program.name} --data-dir {_quoted(place.data_dir)}",
        project=_escaped(place.project),
        data_dir=_escaped(place.data_dir),
        cache_dir=_escaped(place.cache_dir),
        environment=_escaped(place.environment),
        user=place.user,
        memory_mb=program.memory_mb,
        tasks=program.tasks,
        files=program.files,
        hardening=HARDENING,
    )


def units(place: Place, workers: int) -> dict[str, str]:
    """File name -> text, for everything that belongs into the folder of units."""
    made = {f"presenza-{each.name}.service": unit(each, place) for each in programs(workers)}
    return {TARGET: TARGET_UNIT} | made


def _quoted(path: Path) -> str:
    # systemd reads quotes as a shell does, but % begins a specifier and $ a variable.
    return shlex.quote(str(path)).replace("%", "%%").replace("$", "$$")


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("%", "%%").replace(" ", "\\x20")
