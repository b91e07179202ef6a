"""Refusals of banking: what a bank or its data provider would not do, each with its next step."""

from typing import Self

from payymo_api.core.errors import ProviderError, RateLimited, ValidationFailed


class UnknownInstitution(ValidationFailed):
    code = "unknown_institution"
    title = "The provider knows no such bank"
    resolution = "Take an id from GET /api/v1/institutions."


class ConsentExpired(ProviderError):
    status = 409
    code = "consent_expired"
    title = "The consent has ended"
    resolution = "Let the account holder consent again: POST …/reauthorize."


class AccountSuspended(ProviderError):
    status = 409
    code = "account_suspended"
    title = "The bank has suspended access to this account"
    resolution = "The account holder asks the bank, then consents again."


class AllowanceSpent(RateLimited):
    """`retry_after` says when the provider lets this account be read again, in seconds."""

    code = "bank_allowance_spent"
    title = "The bank allows no more calls for now"
    resolution = "Wait for the seconds of Retry-After; the account is read by itself then."


class StatementUnreadable(ValidationFailed):
    """A statement file is broken or of another kind; nothing of it may be kept."""

    code = "statement_unreadable"
    title = "The statement file can't be read"
    resolution = "Ask the bank for the file anew: CAMT.053, CAMT.052 or MT940, whole and unchanged."

    @classmethod
    def at_line(cls, line: int, field: str, what: str) -> Self:
        """`field` as the format names it: `:61:`, `Ntry/Amt`."""
        return cls.at("/file", cls.code, f"line {line}, field {field.rstrip(':')}: {what}")
