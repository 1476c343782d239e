"""The deployed functions of the integration tests, under many callers at once."""

from tests.integration.conftest import local, shop, target

__all__ = ["local", "shop", "target"]
