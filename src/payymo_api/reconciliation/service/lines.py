from payymo_api.banking.models import Transaction
from payymo_api.reconciliation.rules.values import Line


def line_of(row: Transaction) -> Line:
    """Return the line as the rules see it."""
    texts = (row.reference, row.description, row.end_to_end_id)
    return Line(
        id=row.id,
        amount=row.amount_minor,
        currency=row.currency,
        booked_on=row.booked_on,
        texts=tuple(dict.fromkeys(each for each in texts if each)),
        counterparty_name=row.counterparty_name,
        counterparty_account=row.counterparty_iban,
    )
