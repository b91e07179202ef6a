"""What pending proposals keep softly: known to later decisions, and no obstacle to a person's."""

from collections.abc import Collection, Sequence
from uuid import UUID


class Reservations:
    """Which documents are kept for which lines."""

    def __init__(self) -> None:
        self._lines: dict[UUID, dict[UUID, None]] = {}
        self._documents: dict[UUID, tuple[UUID, ...]] = {}

    def keep(self, line: UUID, documents: Sequence[UUID]) -> None:
        """Add these to what is kept for the line."""
        self._documents[line] = (*self._documents.get(line, ()), *documents)
        for each in documents:
            self._lines.setdefault(each, {})[line] = None

    def release(self, line: UUID) -> None:
        """Keep nothing for the line any more."""
        for each in self._documents.pop(line, ()):
            lines = self._lines.get(each, {})
            lines.pop(line, None)
            if not lines:
                self._lines.pop(each, None)

    def of_others(self, line: UUID) -> Collection[UUID]:
        """Return the documents that are kept for other lines."""
        if line not in self._documents:
            return self._lines
        return {each for each, lines in self._lines.items() if set(lines) != {line}}
