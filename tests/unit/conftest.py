"""A shop, and the gateway's post to it."""

from __future__ import annotations

import pytest

from tests.unit.gateway_post import Post
from tests.unit.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def post(shop: Shop) -> Post:
    return Post(shop)
