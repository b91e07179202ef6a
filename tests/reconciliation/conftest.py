"""The sandbox's Stripe, for what Stripe collects and pays out."""

from tests.payments.conftest import api, connection, control, shop, stripes

__all__ = ["api", "connection", "control", "shop", "stripes"]
