from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from payymo_api.core.fields import Answer, Request
from payymo_api.core.refs import TransactionRef
from payymo_api.reconciliation.schemas.suggestions import Refusal

MOST_IGNORED = 1000


class LinesRequest(Request):
    """Bank lines that belong to no document, or may belong to one again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"transaction_ids": ["tr_06h0fghsqpplvbb3u4bvb7okk8"]}]}
    )

    transaction_ids: Annotated[list[TransactionRef], Field(min_length=1, max_length=MOST_IGNORED)]


class LineResult(Answer):
    transaction_id: TransactionRef
    status: Annotated[
        Literal["updated", "unchanged", "error"],
        Field(description="`unchanged`: it was so before."),
    ]
    error: Refusal | None


class LineResults(Answer):
    results: Annotated[
        Sequence[LineResult], Field(description="In the order of `transaction_ids`.")
    ]
