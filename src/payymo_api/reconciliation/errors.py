from payymo_api.core.errors import Conflict


class LineNotBooked(Conflict):
    code = "line_not_booked"
    title = "Only booked lines can be matched"
    resolution = "Wait until the bank has booked the transaction."


class LineIgnored(Conflict):
    code = "line_ignored"
    title = "The line is ignored"
    resolution = "Restore it first: POST /api/v1/reconciliation/restore."


class LineMatched(Conflict):
    code = "line_matched"
    title = "The line is matched, in part at least"
    resolution = "Undo its matches first."


class OwnTransfer(Conflict):
    code = "own_transfer"
    title = "The line is half of a transfer between your own accounts"
    resolution = "Give it another category to say that it is none, or match it by hand."


class LineOverAllocated(Conflict):
    code = "line_over_allocated"
    title = "The line does not have that much left"
    resolution = "Read the transaction's settled_minor, and allocate at most the rest."


class DocumentVoid(Conflict):
    code = "document_void"
    title = "A void document can't be settled"
    resolution = "Match another document, or open this one again."


class DocumentOverSettled(Conflict):
    code = "document_over_settled"
    title = "The document's settled amount would leave its bounds"
    resolution = "It stays between 0 and the total: read open_minor and settled_minor again."


class PayoutNotWhole(Conflict):
    code = "payout_not_whole"
    title = "A payout is settled whole or not at all"
    resolution = "Allocate the payout's whole amount in one match."


class CreditOverUsed(Conflict):
    code = "credit_over_used"
    title = "The credit does not have that much left"
    resolution = "Read GET /api/v1/reconciliation/credits, and use at most the rest."


class MatchUndone(Conflict):
    code = "match_undone"
    title = "This match was undone before"
    resolution = "Nothing is left to do."


class CreditInUse(Conflict):
    code = "credit_in_use"
    title = "A later match uses the credit that this match made"
    resolution = "Undo that match first."


class LaterMatchDepends(Conflict):
    code = "later_match_depends"
    title = "A later match builds on this one"
    resolution = "Undo the later matches of the same documents first."


class PaymentMoved(Conflict):
    code = "payment_moved"
    title = "The payment is for another document than a moment ago"
    resolution = "Try again."
    retryable = True


class SuggestionDecided(Conflict):
    code = "suggestion_decided"
    title = "This suggestion was decided before"
    resolution = "Read it again: its status says how, its match_id what came of it."


class SuggestionOutdated(Conflict):
    code = "suggestion_outdated"
    title = "What the suggestion names is not there any more"
    resolution = "Wait for a new suggestion, or match by hand."
