"""Many rows at once: each stands or falls alone, in a handful of statements for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import ValidationError

from payymo_api.core import problems
from payymo_api.core.errors import PayymoError, ValidationFailed
from payymo_api.core.fields import Request
from payymo_api.invoicing.errors import ExternalIdTaken
from payymo_api.invoicing.schemas import RowError

RequestT = TypeVar("RequestT", bound=Request)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row of the request."""

    index: int
    status: Literal["created", "updated", "unchanged", "error"]
    id: UUID | None = None
    error: RowError | None = None


@dataclass(frozen=True, slots=True)
class Draft(Generic[RequestT]):
    """A row that could be read."""

    index: int
    request: RequestT

    @property
    def pointer(self) -> str:
        return f"/rows/{self.index}"


def refusal(index: int, error: PayymoError) -> Outcome:
    return Outcome(index, "error", error=RowError.of(error))


def read(
    rows: Sequence[object], model: type[RequestT]
) -> tuple[dict[str, Draft[RequestT]], list[Outcome]]:
    """Return external_id -> row, and why the other rows were left out."""
    drafts: dict[str, Draft[RequestT]] = {}
    refused: list[Outcome] = []
    for index, row in enumerate(rows):
        try:
            draft = Draft(index, _parse(row, index, model))
            external_id = _external_id(draft)
            if external_id in drafts:
                raise _at(index, "repeated", "An earlier row has this external_id.")
        except PayymoError as error:
            refused.append(refusal(index, error))
        else:
            drafts[external_id] = draft
    return drafts, refused


def _parse(row: object, index: int, model: type[RequestT]) -> RequestT:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        found = [{**each, "loc": ("body", "rows", index, *each["loc"])} for each in error.errors()]
        raise problems.of_validation(found) from error


def _external_id(draft: Draft[Any]) -> str:
    external_id: str | None = draft.request.external_id
    if external_id is None:
        raise _at(draft.index, "missing", "A row of a batch needs its external_id.")
    return external_id


def _at(index: int, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed.at(f"/rows/{index}/external_id", code, detail)


def each(
    drafts: Sequence[Draft[RequestT]], act: Callable[[Draft[RequestT]], Row | None]
) -> tuple[list[tuple[Draft[RequestT], Row]], list[Outcome]]:
    """Return the values that `act` makes of each row, and the rows that it refuses."""
    kept: list[tuple[Draft[RequestT], Row]] = []
    refused: list[Outcome] = []
    for draft in drafts:
        try:
            values = act(draft)
        except PayymoError as error:
            refused.append(refusal(draft.index, error))
        else:
            if values is not None:
                kept.append((draft, values))
    return kept, refused


def inserted(made: set[Any], rows: Sequence[tuple[Draft[RequestT], Row]]) -> list[Outcome]:
    """Tell which new rows were made; the others lost a race for their external_id."""
    return [
        Outcome(draft.index, "created", values["id"])
        if values["id"] in made
        else refusal(draft.index, ExternalIdTaken("It was made at this moment; send it again."))
        for draft, values in rows
    ]


def in_order(*outcomes: Outcome) -> list[Outcome]:
    return sorted(outcomes, key=lambda outcome: outcome.index)


def differs(row: object, values: Row) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())
