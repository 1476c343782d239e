"""The deployed functions of the integration tests, under many callers at once."""

from tests.integration.conftest import shop, target

__all__ = ["shop", "target"]
