"""Refusals of banking: what a bank or its data provider would not do, each with its next step.

What ends with a consent or an account is not retryable: only its holder can mend it.
"""

from typing import Self

from payymo_api.core.errors import (
    Conflict,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ValidationFailed,
)


class UnknownCountry(ValidationFailed):
    code = "unknown_country"
    title = "The provider reaches no banks in this country"
    resolution = "Send an ISO 3166-1 alpha-2 code of a country that the provider serves."


class UnknownInstitution(ValidationFailed):
    code = "unknown_institution"
    title = "The provider knows no such bank"
    resolution = "Take an id from GET /api/v1/institutions."


class ConsentExpired(ProviderError):
    status = 409
    code = "consent_expired"
    title = "The consent has ended"
    resolution = "Let the account holder consent again: POST …/reauthorize."


class ConsentEndedEarly(ConsentExpired):
    """Its date had not come: the account holder or the bank withdrew it."""

    code = "consent_ended_early"
    title = "The consent was withdrawn before its date"


class ConsentTooNarrow(ProviderError):
    status = 409
    code = "consent_too_narrow"
    title = "The consent does not cover this part of the account"
    resolution = "Let the account holder consent again, to all that is asked: POST …/reauthorize."


class AccountGone(ProviderError):
    status = 409
    code = "account_gone"
    title = "The provider no longer knows this account"
    resolution = "The consent was deleted there. Let its holder consent again: POST …/reauthorize."


class AccountInactive(ProviderError):
    status = 409
    code = "account_inactive"
    title = "The account was closed at the bank"
    resolution = "Remove it here, or let its holder consent to another account."


class AccountSuspended(ProviderError):
    status = 409
    code = "account_suspended"
    title = "The bank has suspended access to this account"
    resolution = (
        "The account holder asks the bank to lift it; we look once a day. If the bank wants a new "
        "consent: POST …/reauthorize."
    )


class AccountForbidden(ProviderError):
    status = 409
    code = "account_forbidden"
    title = "The bank does not let this user see the account"
    resolution = "Let someone with rights to the account consent: POST …/reauthorize."


class AccountPartUnavailable(ProviderError):
    status = 409
    code = "account_part_unavailable"
    title = "The bank does not offer this part of the account"
    resolution = "Do without it; the account's other parts are read as before."


class AccountNotReady(ProviderError):
    status = 409
    code = "account_not_ready"
    title = "The provider is still preparing the account"
    resolution = "Wait a few minutes; the account is read by itself then."
    retryable = True


class AllowanceSpent(RateLimited):
    """`retry_after` says when the provider lets this account be read again, in seconds."""

    code = "bank_allowance_spent"
    title = "The bank allows no more calls for now"
    resolution = "Wait for the seconds of Retry-After; the account is read by itself then."


class ProviderBusy(ProviderUnavailable):
    code = "provider_busy"
    title = "The provider asks us to slow down"
    resolution = "Try again after the seconds of Retry-After."


class BankUnavailable(ProviderUnavailable):
    code = "bank_unavailable"
    title = "The bank can't be reached or is down"
    resolution = "Wait; the account is read by itself when the bank is back."


class UnreadableAnswer(ProviderError):
    code = "provider_answer_unreadable"
    title = "The provider's answer can't be read"
    retryable = True


class CredentialsRefused(ProviderError):
    code = "provider_credentials_refused"
    title = "The provider refuses our credentials"
    resolution = "The operator checks the provider's secret id and key, and its allowed addresses."


class ProviderPlanSpent(ProviderError):
    code = "provider_plan_spent"
    title = "Our plan at the provider is used up"
    resolution = "The operator raises the plan at the provider; existing connections keep working."


class RequestRefused(ProviderError):
    """The provider found fault with what we sent.

    `fields` are the faulty ones in its own words; `missing`: it has no such object (404).
    """

    code = "provider_refused_request"
    title = "The provider refuses what we asked for"
    resolution = "Read in detail what it objects to; if you did not choose that, tell us."

    def __init__(
        self, detail: str, *, fields: frozenset[str] = frozenset(), missing: bool = False
    ) -> None:
        super().__init__(detail)
        self.fields = fields
        self.missing = missing


class StatementUnreadable(ValidationFailed):
    """A statement file is broken or of another kind; nothing of it may be kept."""

    code = "statement_unreadable"
    title = "The statement file can't be read"
    resolution = "Ask the bank for it anew, whole: CAMT.053, CAMT.052, MT940, OFX or CSV."

    @classmethod
    def at_line(cls, line: int, field: str, what: str) -> Self:
        """`field` as the format names it: `:61:`, `Ntry/Amt`."""
        return cls.at("/file", cls.code, f"line {line}, field {field.rstrip(':')}: {what}")


class MappingNeeded(ValidationFailed):
    """The columns of a CSV file are never guessed without somebody's yes."""

    code = "mapping_needed"
    title = "It is not known how to read the columns of this CSV file"
    resolution = (
        "Send the file to POST /api/v1/transactions/import/preview, check the mapping that it "
        "answers, and send that as `mapping` with the import."
    )


class MappingMisfit(ValidationFailed):
    code = "mapping_misfit"
    title = "The mapping does not fit the CSV file"
    resolution = "Take the columns' names from POST /api/v1/transactions/import/preview."


class ProviderNotConfigured(ProviderError):
    status = 503
    code = "provider_not_configured"
    title = "This service has no credentials for the provider"
    resolution = "The operator sets the provider's secret id and key."


class ConsentRejected(ProviderError):
    status = 409
    code = "consent_rejected"
    title = "The account holder did not consent"
    resolution = "Ask again: POST …/reauthorize."


class ConsentFailed(ProviderError):
    status = 409
    code = "consent_failed"
    title = "The bank could not complete the consent"
    resolution = "Try again: POST …/reauthorize."


class ConsentPending(ProviderError):
    """The user is back and the bank has not said yet whether it was given."""

    status = 409
    code = "consent_pending"
    title = "The bank is still working on the consent"
    resolution = "Wait a few minutes; the connection becomes active by itself."
    retryable = True


class ConnectionNotActive(Conflict):
    code = "connection_not_active"
    title = "The connection can't be read as it is"
    resolution = "Read its status and error; most often the account holder has to consent again."


class AccountExists(Conflict):
    code = "account_exists"
    title = "There is an account of this IBAN and currency"
    resolution = "Use the account that detail names."


class ReadingOvertaken(Conflict):
    """What was read is thrown away; the job asks again until the run has ended."""

    code = "reading_overtaken"
    title = "Another reading of the account has taken over"
    resolution = "Wait; the account is read by itself."
    retryable = True


class UnknownStatementAccount(ValidationFailed):
    code = "unknown_statement_account"
    title = "The file is of an account that is not here"
    resolution = "Make the account by POST /api/v1/bank_accounts, or name another in account_id."


class TooManyRules(Conflict):
    code = "too_many_category_rules"
    title = "There are as many category rules as may be"
    resolution = "Delete rules that are no longer needed, or join several into one."
