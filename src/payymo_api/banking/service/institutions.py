from collections.abc import Sequence

from payymo_api.banking.errors import UnknownInstitution
from payymo_api.banking.gateway import Institution
from payymo_api.banking.repository.provider import keep_institutions, kept_institutions
from payymo_api.banking.schemas.connections import InstitutionFilters
from payymo_api.banking.service.banks import Banks
from payymo_api.core.db import Database
from payymo_api.core.errors import NotFound, ProviderError
from payymo_api.core.page import Page, decode, encode

PROVIDER = "gocardless"


async def find_institutions(
    database: Database, banks: Banks, filters: InstitutionFilters
) -> Page[Institution]:
    """A page of a country's banks by name; the provider is asked once a day and country."""
    words = (filters.q or "").casefold()
    after = decode(filters.cursor, (str, str)) if filters.cursor else ("", "")
    found = sorted(
        (
            each
            for each in await _of_country(database, banks, filters.country)
            if (words in each.name.casefold() or words in (each.bic or "").casefold())
            and _place(each) > after
        ),
        key=_place,
    )
    rows = found[: filters.limit]
    return Page(rows, encode(_place(rows[-1])) if len(found) > filters.limit else None)


def _place(institution: Institution) -> tuple[str, str]:
    return institution.name.casefold(), institution.id


async def _of_country(database: Database, banks: Banks, country: str) -> Sequence[Institution]:
    """An old list is better than none while the provider is away."""
    kept = await kept_institutions(database, PROVIDER, country)
    if kept and kept.is_fresh:
        return kept.institutions
    try:
        institutions = await banks.of(PROVIDER).institutions(country)
    except ProviderError:
        if kept is None:
            raise
        return kept.institutions
    await keep_institutions(database, PROVIDER, country, institutions)
    return institutions


async def get_institution(banks: Banks, id: str) -> Institution:
    try:
        return await banks.of(PROVIDER).institution(id)
    except UnknownInstitution as error:
        raise NotFound("There is no such thing here.") from error
