"""What forbids to post a hypothesis unseen, however likely it is: a person has to look."""

from payymo_api.reconciliation.rules.marks import Marks
from payymo_api.reconciliation.rules.payer import Grade

AMOUNT_ONLY = "Nothing but the amount speaks for it."
SHORT_NUMBER = "So short a number may stand in any text, and its customer is not known to pay."
OTHER_NUMBER = "The text names another number of the same series."
PAID_NUMBER = "The text names a document that is paid already."
NOT_OLDEST = "Another open document has the same amount and is older, or due earlier."
SEVERAL_SETS = "Other documents of the customer add up to the same sum."


def doubt(marks: Marks) -> str | None:
    """Return the reason, in words for a bookkeeper; None if there is none."""
    if marks.strength == "strong":
        return SHORT_NUMBER if marks.short and marks.grade <= Grade.SHARED else None
    if marks.strength in {"none", "cut"} and marks.grade <= Grade.SHARED:
        return AMOUNT_ONLY
    if marks.names_another:
        return OTHER_NUMBER
    if marks.names_paid and marks.strength != "middle":
        return PAID_NUMBER
    if marks.place not in {"only", "oldest"} and marks.hint != "this":
        return NOT_OLDEST
    return None
