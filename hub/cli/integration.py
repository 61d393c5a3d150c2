"""`presenza integration`: identities of other programs, such as Home Assistant."""

import click

import broker
from broker import integrations, policy
from hub.cli.output import emit, json_option, note, settings_option
from hub.settings import Settings

CREDENTIALS = {
    "integration": "Integration",
    "role": "Role",
    "site": "Site",
    "username": "User name",
    "client_id": "Client id",
    "password": "Password",
    "host": "Host",
    "port": "Port",
    "tls": "TLS",
    "ca": "CA certificate",
}
LISTED = {"integration": "Integration", "role": "Role"}


@click.group("integration")
def integration_command() -> None:
    """Let other programs read what happens."""


@integration_command.command("add")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(policy.INTEGRATIONS),
    default=policy.INTEGRATION,
    show_default=True,
    help="`integration` reads results with people's names; `home-assistant` reads states and commands cameras.",
)
@settings_option
@json_option
def add(name: str, role: str, settings: Settings, *, as_json: bool) -> None:
    """Give the program NAME an identity and print what it needs to connect. The password is shown this once."""
    with broker.Admin(settings) as admin:
        password = integrations.add(admin, name, role)
    emit(integrations.credentials(settings, name, role, password), CREDENTIALS, as_json=as_json)
    if role == policy.HOME_ASSISTANT and not settings.home_assistant:
        note("Set PRESENZA_HOME_ASSISTANT=true and restart the broker to have the cameras announced.")


@integration_command.command("list")
@settings_option
@json_option
def list_integrations(settings: Settings, *, as_json: bool) -> None:
    """Show every program that may read along."""
    with broker.Admin(settings) as admin:
        rows = [{"integration": name, "role": role} for name, role in sorted(integrations.known(admin).items())]
    emit(rows, LISTED, as_json=as_json, empty="No integrations.")


@integration_command.command("remove")
@click.argument("name")
@settings_option
def remove(name: str, settings: Settings) -> None:
    """Take NAME's identity away and cut it off."""
    with broker.Admin(settings) as admin:
        integrations.remove(admin, name)
    note(f"{name} is removed.")
