from payymo_api.banking.models import Transaction
from payymo_api.reconciliation.rules.engine import Line


def line_of(row: Transaction) -> Line:
    """Return the line as the rules see it."""
    texts = (row.reference, row.description, row.end_to_end_id)
    return Line(
        id=row.id,
        amount=row.amount_minor,
        currency=row.currency,
        booked_on=row.booked_on,
        texts=tuple(dict.fromkeys(each for each in texts if each)),
        payer_name=row.counterparty_name,
        payer_iban=row.counterparty_iban,
    )
