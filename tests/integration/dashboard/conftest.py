"""A real broker for the dashboard's process."""

from tests.integration.brokers import broker_site  # noqa: F401
