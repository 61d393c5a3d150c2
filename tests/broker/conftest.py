"""The broker's tests all use a real Mosquitto."""

from tests.integration.brokers import broker_site  # noqa: F401
