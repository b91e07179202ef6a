"""Which two lines are one transfer between accounts of the tenant itself.

A wrong pair hides a customer's payment, so a likeness of amount and day is not enough: a side must
say so, and neither may say otherwise.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from payymo_api.banking.rules.hints import phrases
from payymo_api.core.types import AccountId, TransactionId

NEAR: Final = timedelta(days=5)
_SAYS_SO: Final = phrases(
    "own account, own accounts, between accounts, internal transfer, account transfer,"
    " transfer to savings, transfer from savings, umbuchung, eigenübertrag, virement interne,"
    " giroconto, traspaso, eigen rekening"
)


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """`names`: its holder's and its own, as `categorising.words` has them."""

    iban: str | None
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Side:
    """A booked line that may be half of a transfer; `text` and `name` as `Facts` has them."""

    id: TransactionId
    account_id: AccountId
    amount_minor: int
    currency: str
    booked_on: date
    text: str
    name: str
    iban: str | None


def pairs(
    sides: Iterable[Side], accounts: Mapping[AccountId, OwnAccount]
) -> list[tuple[TransactionId, TransactionId]]:
    """Return which lines belong together: the nearest days first, none twice.

    Where of lines equally near more than one would do, all of them are left alone.
    """
    edges = sorted(_edges(sides, accounts))
    found: list[tuple[TransactionId, TransactionId]] = []
    gone: set[TransactionId] = set()
    for _, group in groupby(edges, key=lambda edge: edge[0]):
        still = [(a, b) for _, a, b in group if not {a, b} & gone]
        counts = Counter(id for edge in still for id in edge)
        found += [(a, b) for a, b in still if counts[a] == counts[b] == 1]
        gone |= counts.keys()
    return found


def _edges(
    sides: Iterable[Side], accounts: Mapping[AccountId, OwnAccount]
) -> Iterable[tuple[timedelta, TransactionId, TransactionId]]:
    alike: dict[tuple[str, int], list[Side]] = defaultdict(list)
    for side in sides:
        alike[side.currency, abs(side.amount_minor)].append(side)
    for group in alike.values():
        incoming: Sequence[Side] = [side for side in group if side.amount_minor > 0]
        for out in group:
            for into in incoming:
                if is_transfer(out, into, accounts):
                    yield abs(out.booked_on - into.booked_on), out.id, into.id


def is_transfer(one: Side, other: Side, accounts: Mapping[AccountId, OwnAccount]) -> bool:
    if one.account_id == other.account_id or one.currency != other.currency:
        return False
    if one.amount_minor != -other.amount_minor or abs(one.booked_on - other.booked_on) > NEAR:
        return False
    says = (
        _says(one, accounts[other.account_id], accounts.values()),
        _says(other, accounts[one.account_id], accounts.values()),
    )
    return True in says and False not in says


def _says(side: Side, there: OwnAccount, own: Collection[OwnAccount]) -> bool | None:
    """Return whether the line names that account as its other side; None if it doesn't say."""
    if side.iban:
        return side.iban == there.iban
    if side.name:
        return any(side.name in account.names for account in own)
    return True if any(phrase in side.text for phrase in _SAYS_SO) else None
