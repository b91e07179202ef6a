"""What can't be read, by file, row and column."""


class Unusable(Exception):
    """The message is one line that names the file, and the row and column where there is one."""

    def __init__(
        self, file: str, what: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        place = [file]
        if row is not None:
            place.append(f"row {row}")
        if column is not None:
            place.append(f"column {column!r}")
        super().__init__(f"{', '.join(place)}: {what}")
