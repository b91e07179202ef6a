from typing import Annotated

from fastapi import Path, Query

from payymo_api.banking.router.banks import BanksDep
from payymo_api.banking.schemas.connections import InstitutionAnswer, InstitutionFilters
from payymo_api.banking.service import institutions
from payymo_api.core.fields import Listing
from payymo_api.edge.route import api_router
from payymo_api.edge.state import DatabaseDep

router = api_router("/institutions", "bank_connections")


@router.get("")
async def list_institutions(
    database: DatabaseDep, banks: BanksDep, filters: Annotated[InstitutionFilters, Query()]
) -> Listing[InstitutionAnswer]:
    """List the banks of a country, by name."""
    page = await institutions.find_institutions(database, banks, filters)
    return Listing[InstitutionAnswer].of(page, InstitutionAnswer.model_validate)


@router.get("/{institution_id}")
async def get_institution(
    banks: BanksDep,
    institution_id: Annotated[str, Path(max_length=100, examples=["ALBION_ALBNGB2L"])],
) -> InstitutionAnswer:
    """Read one bank."""
    found = await institutions.get_institution(banks, institution_id)
    return InstitutionAnswer.model_validate(found)
