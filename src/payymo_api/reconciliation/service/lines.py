from payymo_api.banking.models import Transaction
from payymo_api.reconciliation.rules import wire
from payymo_api.reconciliation.rules.values import Line


def line_of(row: Transaction) -> Line:
    """Return the line as the rules see it; of a feed's, with all that the bank sent."""
    raw = row.raw if row.raw and "transactionAmount" in row.raw else {}
    texts = wire.texts(raw) or (row.reference, row.description)
    return Line(
        id=row.id,
        amount=row.amount_minor,
        currency=row.currency,
        booked_on=row.booked_on,
        texts=tuple(dict.fromkeys(each for each in texts if each)),
        account=str(row.account_id),
        counterparty_name=row.counterparty_name,
        counterparty_account=row.counterparty_iban or wire.counterparty_account(raw),
        end_to_end_id=row.end_to_end_id,
        bank_reference=raw.get("entryReference"),
        instructed=wire.instructed(raw),
    )
