"""How much of a document a Stripe payment settles: pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Due:
    """A document, and what of it the payment settles already (`mine`, a part of `settled`)."""

    amount: int
    settled: int
    mine: int
    currency: str
    takes_money: bool
    """An invoice that is neither void nor deleted."""


def share(net: int, currency: str, due: Due) -> int:
    """Return what the payment settles now: what it brought, as far as there is room.

    Money in another currency has no place here. A document that takes none keeps what it has.
    """
    if currency != due.currency:
        return 0
    room = due.amount - (due.settled - due.mine) if due.takes_money else due.mine
    return max(0, min(net, room))
