"""Rows as answers, and as the data of events."""

from collections.abc import Sequence
from typing import Any

from payymo_api.core.fields import money_fields
from payymo_api.core.money import Money
from payymo_api.core.troubles import Trouble
from payymo_api.payments.models import (
    BalanceTransaction,
    Payout,
    StripeConnection,
    StripeDispute,
    StripeHistory,
    StripePayment,
    StripeRefund,
)
from payymo_api.payments.rules.declines import decline
from payymo_api.payments.schemas.connections import (
    AccountBrief,
    HistoryOfKind,
    StripeConnectionAnswer,
    StripeConnectionDetail,
)
from payymo_api.payments.schemas.disputes import DisputeAnswer
from payymo_api.payments.schemas.payments import PaymentAnswer, PaymentFailure, PaymentMethodBrief
from payymo_api.payments.schemas.payouts import BalanceTransactionAnswer, PayoutAnswer
from payymo_api.payments.schemas.refunds import RefundAnswer

_OF_CONNECTION = StripeConnectionAnswer.model_fields.keys() - {"account", "error"}
_SHOWN = PaymentAnswer.model_fields.keys() - {
    "amount",
    "failure",
    "invoice_id",
    "livemode",
    "metadata",
    "payment_method",
}


def connection_answer(row: StripeConnection) -> StripeConnectionAnswer:
    return StripeConnectionAnswer(
        **{name: getattr(row, name) for name in _OF_CONNECTION},
        account=_account(row),
        error=Trouble.of(row.error_code, row.error_detail),
    )


def connection_detail(
    row: StripeConnection, history: Sequence[StripeHistory]
) -> StripeConnectionDetail:
    complete = all(each.finished_at for each in history)
    return StripeConnectionDetail(
        **dict(connection_answer(row)),
        history_status=("complete" if complete else "fetching") if history else "none",
        history=[
            HistoryOfKind(
                kind=each.kind,
                fetched=each.fetched,
                complete=each.finished_at is not None,
                oldest=each.oldest,
            )
            for each in history
        ],
    )


def _account(row: StripeConnection) -> AccountBrief | None:
    if row.account_id is None:
        return None
    return AccountBrief(
        id=row.account_id,
        name=row.account_name,
        country=row.country,
        default_currency=row.default_currency,
    )


def payment_answer(row: StripePayment) -> PaymentAnswer:
    return PaymentAnswer(
        **_columns(row),
        **money_fields(Money(row.amount_minor, row.currency)),
        invoice_id=row.settles_id or row.invoice_id,
        livemode=row.raw["livemode"],
        metadata=row.metadata_,
        payment_method=_payment_method(row),
        failure=_failure(row),
    )


def _columns(row: StripePayment) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SHOWN - {"amount_minor", "currency"}}


def _payment_method(row: StripePayment) -> PaymentMethodBrief | None:
    if row.payment_method_type is None:
        return None
    return PaymentMethodBrief(
        type=row.payment_method_type, brand=row.payment_method_brand, last4=row.payment_method_last4
    )


def _failure(row: StripePayment) -> PaymentFailure | None:
    if row.failure_code is None:
        return None
    meant = decline(row.failure_code, row.decline_code)
    return PaymentFailure(
        code=row.failure_code,
        decline_code=row.decline_code,
        message=row.failure_message,
        payer_message=meant.payer,
        next_step=meant.next_step,
        retry=meant.retry,
    )


def refund_answer(row: StripeRefund) -> RefundAnswer:
    names = RefundAnswer.model_fields.keys() - {"amount", "amount_minor", "currency", "metadata"}
    return RefundAnswer(
        **{name: getattr(row, name) for name in names},
        **money_fields(Money(row.amount_minor, row.currency)),
        metadata=row.metadata_,
    )


def payout_answer(row: Payout) -> PayoutAnswer:
    return PayoutAnswer.model_validate(
        {
            **{name: getattr(row, name, None) for name in PayoutAnswer.model_fields},
            **money_fields(Money(row.amount_minor, row.currency)),
        }
    )


def balance_transaction_answer(row: BalanceTransaction) -> BalanceTransactionAnswer:
    rate = row.exchange_rate
    return BalanceTransactionAnswer.model_validate(
        {
            **{name: getattr(row, name, None) for name in BalanceTransactionAnswer.model_fields},
            **money_fields(Money(row.amount_minor, row.currency)),
            "fee": Money(row.fee_minor, row.currency).decimal(),
            "net": Money(row.net_minor, row.currency).decimal(),
            "exchange_rate": None if rate is None else format(rate, "f"),
        }
    )


def dispute_answer(row: StripeDispute) -> DisputeAnswer:
    return DisputeAnswer.model_validate(
        {
            **{name: getattr(row, name, None) for name in DisputeAnswer.model_fields},
            **money_fields(Money(row.amount_minor, row.currency)),
        }
    )
