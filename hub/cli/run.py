"""`presenza hub`, `presenza up`, `presenza demo`: what runs until it is stopped."""

import asyncio
import signal
from pathlib import Path

import click

import broker
from hub import logs, supervise
from hub.cli import dashboard
from hub.cli.output import settings_option
from hub.settings import Settings
from hub.supervise import Program, Supervisor, presenza

BROKER_START_S = 15.0


@click.command("hub")
@settings_option
def hub_command(settings: Settings) -> None:
    """Run the hub alone, with a broker that runs already."""
    from hub.service import Service

    logs.configure(settings.log_level, settings.log_format)
    asyncio.run(Service(settings).run())


@click.command("up")
@settings_option
def up_command(settings: Settings) -> None:
    """Run the broker, the hub and the dashboard together, until Ctrl-C."""
    logs.configure(settings.log_level, settings.log_format)
    with supervise.only_one(settings.data_dir):
        broker.check_port(settings)
        asyncio.run(_up(settings))


async def _up(settings: Settings) -> None:
    stop = stop_on_signals()
    supervisor = Supervisor(programs(settings), stop)
    try:
        await supervisor.start()
        click.echo(
            f"Site {settings.site!r} is up; its data is in {settings.data_dir}. The dashboard is at "
            f"http://localhost:{settings.http_port}, cameras connect to port {settings.mqtt_port} "
            "(`presenza device add`). Ctrl-C ends it."
        )
        await supervisor.watch()
    finally:
        await supervisor.end()


def programs(settings: Settings) -> list[Program]:
    """What makes up a site on one machine, in the order of their start."""
    folder = ("--data-dir", str(settings.data_dir))

    async def broker_ready() -> None:
        await asyncio.to_thread(broker.ready, settings, BROKER_START_S)

    found = [
        Program("broker", presenza("broker", *folder), broker_ready),
        Program("hub", presenza("hub", *folder)),
    ]
    if dashboard.available():
        found.append(Program("dashboard", presenza("dashboard", *folder)))
    return found


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


@click.command("demo")
@click.option("--for", "seconds", type=click.FloatRange(min=5), help="End after so many seconds, and say how it went.")
@click.option("--data-dir", type=click.Path(file_okay=False), default="presenza-demo", show_default=True)
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Write the last screen there as SVG.")
def demo_command(seconds: float | None, data_dir: str, picture: Path | None) -> None:
    """See it work: a broker, the hub, two simulated cameras and three people."""
    from hub.demo import demo

    raise SystemExit(demo(data_dir, seconds, picture))
