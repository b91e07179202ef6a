from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Self

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from payymo_api.core.fields import AmountIn, AmountOut, Answer, Currency, MinorIn, Request
from payymo_api.reconciliation.schemas import Reason

_SHARE = WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1, "examples": [0.995]})
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=5, decimal_places=4), _SHARE]


class WriteOffLimit(Request):
    """Up to this much is written off unasked, for this reason, of a document in this currency."""

    reason: Reason
    currency: Currency
    amount: AmountIn | None = None
    amount_minor: Annotated[MinorIn | None, Field(examples=[500])] = None


class SettingsRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "automatic": True,
                    "least_probability": 0.995,
                    "least_margin": 0.05,
                    "write_off_limits": [{"reason": "fee", "amount": "5.00", "currency": "EUR"}],
                }
            ]
        }
    )

    automatic: Annotated[
        bool, Field(description="Off: what would be matched automatically is suggested.")
    ]
    least_probability: Annotated[
        Share, Field(description="Of an answer that is matched automatically.")
    ]
    least_margin: Annotated[
        Share, Field(description="What its probability exceeds the second answer's by.")
    ]
    write_off_limits: Annotated[
        list[WriteOffLimit],
        Field(
            max_length=100,
            description="A reason without a limit has the engine's own: the discount's terms, a "
            "fifth and about 40 EUR for a fee, less than a whole unit for rounding.",
        ),
    ]

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        named = [(each.reason, each.currency) for each in self.write_off_limits]
        if len(named) != len(set(named)):
            raise ValueError("a reason and currency stand twice in write_off_limits")
        return self


class WriteOffLimitAnswer(Answer):
    reason: Reason
    amount: AmountOut
    amount_minor: int
    currency: str


class SettingsAnswer(Answer):
    """How this tenant is matched."""

    automatic: bool
    least_probability: Annotated[Decimal, _SHARE]
    least_margin: Annotated[Decimal, _SHARE]
    write_off_limits: Sequence[WriteOffLimitAnswer]
