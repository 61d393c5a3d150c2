"""Fixtures of the tests that need real peers."""

from tests.integration.brokers import broker_site  # noqa: F401
