"""What forbids to post a hypothesis unseen, however likely it is: a person has to look."""

from collections.abc import Callable

from payymo_api.reconciliation.rules.closing import Fit
from payymo_api.reconciliation.rules.marks import Marks
from payymo_api.reconciliation.rules.payer import Grade

AMOUNT_ONLY = "Nothing but the amount speaks for it."
SHORT_NUMBER = "So short a number may stand in any text, and its customer is not known to pay."
OTHER_NUMBER = "The text names another document, or another number of the same series."
PAID_NUMBER = "The text names a document that is paid already."
TAKEN_BACK = "Money of this payer was taken back from it before."
ONE_NEARLY_FITS = "One of them alone fits too, less a fee or a discount."
POINTS_ELSEWHERE = "The text holds a piece of another number, of which as much is open."
RESERVED = "It is proposed for another line, which waits for a decision."
FITS_NOTHING = "Neither its number nor its amount is the line's."
NOT_OLDEST = "Another open document has the same amount and is older, or due earlier."
FOREIGN = "It is in another currency, and no order or rate says how much of it is paid."
RATE_ONLY = "Only an exchange rate makes the amount fit."


def doubt(marks: Marks) -> str | None:
    """Return the reason, in words for a bookkeeper; None if there is none."""
    return next((reason for holds, reason in _REASONS if holds(marks)), None)


def _is_amount_only(marks: Marks) -> bool:
    return marks.strength in {"none", "cut"} and marks.grade <= Grade.SHARED


def _is_short(marks: Marks) -> bool:
    return marks.short and marks.grade <= Grade.SHARED


def _fits_nothing(marks: Marks) -> bool:
    return marks.fit in {Fit.PART, Fit.OVER} and marks.strength in {"none", "cut"}


def _names_others(marks: Marks) -> bool:
    """A slip in the number is believed where amount and payer are right too."""
    if marks.strength == "strong":
        return False
    is_slip = marks.fit is Fit.EXACT and marks.grade > Grade.SHARED
    return marks.names_another or (marks.names_other and not is_slip)


def _names_paid(marks: Marks) -> bool:
    return marks.names_paid and marks.strength in {"none", "cut"}


def _is_rate_only(marks: Marks) -> bool:
    return marks.fit is Fit.RATE and marks.strength in {"none", "cut"}


def _is_younger(marks: Marks) -> bool:
    is_weak = marks.strength != "strong" and marks.hint != "this"
    return is_weak and marks.place not in {"only", "oldest"}


_REASONS: tuple[tuple[Callable[[Marks], bool], str], ...] = (
    (lambda marks: marks.fit is Fit.FOREIGN, FOREIGN),
    (lambda marks: marks.reserved and marks.strength != "strong", RESERVED),
    (_fits_nothing, FITS_NOTHING),
    (_is_amount_only, AMOUNT_ONLY),
    (_is_short, SHORT_NUMBER),
    (_names_others, OTHER_NUMBER),
    (_names_paid, PAID_NUMBER),
    (lambda marks: marks.one_nearly_fits and marks.strength != "strong", ONE_NEARLY_FITS),
    (_is_rate_only, RATE_ONLY),
    (lambda marks: marks.taken_back and marks.strength != "strong", TAKEN_BACK),
    (_is_younger, NOT_OLDEST),
    (lambda marks: marks.points_elsewhere and marks.strength != "strong", POINTS_ELSEWHERE),
)
