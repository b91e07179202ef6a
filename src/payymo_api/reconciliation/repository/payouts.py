"""Which lines may bring which payouts, read by amount and day."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, text, tuple_

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Scope
from payymo_api.core.types import PayoutId
from payymo_api.payments.models import Payout, StripeConnection
from payymo_api.payments.repository import comes_by, is_real

REACH = timedelta(days=31)
"""Further than this from a payout's arrival no line is looked for, whatever it names."""
_OPEN_LINE = text(
    "transactions.match_state IN ('unmatched', 'suggested', 'partial')"
    " AND transactions.status = 'booked' AND transactions.removed_at IS NULL"
)
_AMOUNT = tuple_(Payout.currency, Payout.amount_minor)
_ENDED = ("failed", "canceled")


class PayoutCandidates:
    """Reads for one tenant."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session
        self._tenant_id = scope.tenant_id

    async def payouts(self, lines: Sequence[Transaction]) -> Sequence[Payout]:
        """Return what the lines may bring; of failed ones, what they may take back."""
        days = [row.booked_on for row in lines]
        brought = {(row.currency, row.amount_minor) for row in lines}
        returned = {(currency, -minor) for currency, minor in brought}
        statement = (
            select(Payout)
            .join(StripeConnection, comes_by(Payout))
            .where(
                Payout.tenant_id == self._tenant_id,
                Payout.arrival_on.between(min(days) - REACH, max(days) + REACH),
                or_(
                    and_(_AMOUNT.in_(brought), _IS_DUE), and_(_AMOUNT.in_(returned), _IS_TO_RETURN)
                ),
                is_real(self._scope),
            )
        )
        return (await self._session.scalars(statement)).all()

    async def lines(self, payouts: Sequence[Payout]) -> Sequence[Transaction]:
        """Return lines of which nothing is settled, and which may belong to one of these."""
        if not payouts:
            return []
        days = [row.arrival_on for row in payouts]
        amounts = {
            (row.currency, minor)
            for row in payouts
            for minor in (row.amount_minor, -row.amount_minor)
        }
        statement = select(Transaction).where(
            Transaction.tenant_id == self._tenant_id,
            _OPEN_LINE,
            Transaction.match_state.in_(("unmatched", "suggested")),
            tuple_(Transaction.currency, Transaction.amount_minor).in_(amounts),
            Transaction.booked_on.between(min(days) - REACH, max(days) + REACH),
        )
        return (await self._session.scalars(statement)).all()

    async def has_stripe(self) -> bool:
        known = exists().where(StripeConnection.tenant_id == self._tenant_id)
        return bool(await self._session.scalar(select(known)))

    async def known(self, ids: Collection[PayoutId]) -> Sequence[Payout]:
        statement = select(Payout).where(Payout.tenant_id == self._tenant_id, Payout.id.in_(ids))
        return (await self._session.scalars(statement)).all()


_IS_DUE: ColumnElement[bool] = and_(Payout.settled_minor == 0, Payout.status.not_in(_ENDED))
_IS_TO_RETURN: ColumnElement[bool] = and_(
    Payout.settled_minor == Payout.amount_minor, Payout.status == "failed"
)
