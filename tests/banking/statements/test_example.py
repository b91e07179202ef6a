from pathlib import Path

from payymo_api.banking.statements import read_statements

EXAMPLE = Path(__file__).parents[3] / "examples" / "statement.camt053.xml"


def test_the_example_that_ships_with_the_project_is_read_whole() -> None:
    [statement] = read_statements(EXAMPLE.read_bytes(), EXAMPLE.name)
    assert statement.account.iban == "GB33BUKB20201555555555"
    assert len(statement.lines) == 8
    assert statement.warnings == ()
    named = " ".join(line.description for line in statement.lines)
    assert all(f"INV-2026-010{n}" in named for n in (1, 3, 4, 5))
