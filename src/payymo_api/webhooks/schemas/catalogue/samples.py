"""What the examples share."""

from decimal import Decimal
from typing import Any, Final

MONEY: Final[dict[str, Any]] = {
    "amount": Decimal("100.50"),
    "amount_minor": 10050,
    "currency": "GBP",
}
MADE_AND_CHANGED: Final = {
    "created_at": "2026-11-23T09:30:00Z",
    "updated_at": "2026-11-23T09:30:00Z",
}


def sample_id(prefix: str) -> str:
    return f"{prefix}_06ghq1m2dpuh5c9s2rcmo3g8d4"


def total(amount: str) -> dict[str, Any]:
    return {"amount": Decimal(amount), "amount_minor": int(Decimal(amount) * 100)}
