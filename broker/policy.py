"""Who may say and read what at the broker (docs/wire.md, "Rights"), as data.

A role is a list of rights; what no right allows is denied. There is a role for each camera, because
Mosquitto 2.0's dynamic security has no patterns by user name.
"""

from dataclasses import dataclass
from typing import Any

from hub import wire

ADMIN = "admin"
HUB = "hub"
DASHBOARD = "dashboard"
INTEGRATION = "integration"
HOME_ASSISTANT = "home-assistant"
INTEGRATIONS = (INTEGRATION, HOME_ASSISTANT)  # roles of other people's programs

CLAIM = wire.CLAIM

SERVICES = (ADMIN, HUB, DASHBOARD)  # identities that every site has, each named as its role
RESERVED = (*SERVICES, INTEGRATION, CLAIM)  # no camera may be named so
CLAIM_PASSWORD = "claim"  # noqa: S105 - known to every camera; the identity is enabled only while a code is open

CONTROL = "$CONTROL/dynamic-security/v1"
CONTROL_RESPONSE = f"{CONTROL}/response"

DEVICE_SAYS = (wire.STATUS, wire.MOTION, wire.FRAME, wire.TELEMETRY, wire.CONFIG, wire.CMD)
DEVICE_READS = (wire.ACK, wire.CONFIG, wire.CMD)
DEVICE_RETAINS = (wire.STATUS, wire.CONFIG)

DISCOVERY = "homeassistant"  # the topic below which Home Assistant looks for devices

DEFAULT_ACCESS = {"publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True}


@dataclass(frozen=True, slots=True)
class Rights:
    """Topics that a role may publish, may subscribe to, and may be sent. Filters may hold wildcards.

    `subscribes` is apart from `receives` where a wider subscription is convenient than what is delivered.
    """

    publishes: tuple[str, ...] = ()
    receives: tuple[str, ...] = ()
    subscribes: tuple[str, ...] | None = None
    never_subscribes: tuple[str, ...] = ()  # these very filters, though what they match may be subscribed to

    def as_acls(self) -> list[dict[str, Any]]:
        """The plugin's form of these rights."""
        subscribes = self.receives if self.subscribes is None else self.subscribes
        kinds = {
            "publishClientSend": self.publishes,
            "publishClientReceive": self.receives,
            "subscribePattern": subscribes,
        }
        allowed = [
            {"acltype": kind, "topic": topic, "priority": 0, "allow": True}
            for kind, topics in kinds.items()
            for topic in topics
        ]
        return allowed + [
            {"acltype": "subscribeLiteral", "topic": topic, "priority": 1, "allow": False}
            for topic in self.never_subscribes
        ]


def device(site: str, name: str) -> Rights:
    """Exactly the topics of one camera: the leaves are named, so that it can't fill the broker with others."""
    hub_status = wire.hub(site, wire.STATUS)
    return Rights(
        publishes=tuple(wire.up(site, name, leaf) for leaf in DEVICE_SAYS),
        receives=(*(wire.down(site, name, leaf) for leaf in DEVICE_READS), hub_status),
        subscribes=(wire.down(site, name, "#"), hub_status),
    )


def services(site: str) -> dict[str, Rights]:
    """The rights of every role but the cameras'."""
    return {
        ADMIN: _admin(site),
        HUB: _hub(site),
        DASHBOARD: _dashboard(site),
        INTEGRATION: _integration(site),
        HOME_ASSISTANT: _home_assistant(site),
        CLAIM: _claim(site),
    }


def device_role(name: str) -> str:
    """The name of a camera's role; the colon keeps it apart from the roles of services."""
    return f"device:{name}"


def integration_user(name: str) -> str:
    """The user name and client id of an integration; the dot keeps it apart from cameras'."""
    return f"{INTEGRATION}.{name}"


def discovery(device_id: str) -> str:
    """Where a camera is announced to Home Assistant; retained."""
    return f"{DISCOVERY}/device/{device_id}/config"


def roles(site: str, devices: list[str]) -> list[dict[str, Any]]:
    """Every role of a site in the plugin's form."""
    rights = {**services(site), **{device_role(name): device(site, name) for name in devices}}
    return [{"rolename": name, "acls": each.as_acls()} for name, each in rights.items()]


def retained(site: str, name: str) -> tuple[str, ...]:
    """The topics under which the broker keeps something of a camera."""
    return (*(wire.up(site, name, leaf) for leaf in DEVICE_RETAINS), wire.down(site, name, wire.CONFIG))


def _admin(site: str) -> Rights:
    # Besides the plugin's control topic: to say of a camera that was cut off that it is offline, to
    # take back what a removed one left retained, to answer cameras that redeem a code, to announce
    # cameras to Home Assistant, and to cut off what the hub warns of.
    return Rights(
        publishes=(CONTROL, *retained(site, "+"), wire.claim(site, f"{wire.REPLY}/+"), discovery("+")),
        receives=(
            CONTROL_RESPONSE,
            wire.claim(site, wire.REQUEST),
            wire.hub(site, wire.GUARD),
            wire.up(site, "+", wire.STATUS),
        ),
    )


def _claim(site: str) -> Rights:
    # Everybody may be this, so an answer is safe only under a topic that nobody else can guess or
    # find by a wildcard.
    replies = wire.claim(site, f"{wire.REPLY}/+")
    return Rights(publishes=(wire.claim(site, wire.REQUEST),), receives=(replies,), never_subscribes=(replies,))


def _hub(site: str) -> Rights:
    return Rights(
        publishes=(
            wire.down(site, "+", wire.ACK),
            wire.down(site, "+", wire.CMD),
            wire.hub(site, wire.STATUS),
            wire.hub(site, wire.RESULTS),
            wire.hub(site, wire.GUARD),
            wire.hub(site, f"{wire.REPLY}/+"),
        ),
        receives=(wire.up(site, "+", "#"), wire.hub(site, f"{wire.RPC}/#")),
    )


def _dashboard(site: str) -> Rights:
    return Rights(
        publishes=(
            wire.down(site, "+", wire.CONFIG),
            wire.down(site, "+", wire.CMD),
            wire.hub(site, f"{wire.RPC}/#"),
        ),
        receives=(
            *(wire.up(site, "+", leaf) for leaf in DEVICE_SAYS if leaf != wire.FRAME),
            wire.hub(site, "#"),
        ),
    )


def _integration(site: str) -> Rights:
    return Rights(receives=(wire.up(site, "+", wire.STATUS), wire.hub(site, wire.STATUS), wire.hub(site, wire.RESULTS)))


def _home_assistant(site: str) -> Rights:
    # The acks say what became of a frame and name nobody; the results name people.
    states = (wire.STATUS, wire.MOTION, wire.TELEMETRY, wire.CONFIG)
    return Rights(
        publishes=(wire.down(site, "+", wire.CMD),),
        receives=(
            *(wire.up(site, "+", leaf) for leaf in states),
            wire.down(site, "+", wire.ACK),
            wire.hub(site, wire.STATUS),
            f"{DISCOVERY}/#",
        ),
    )
