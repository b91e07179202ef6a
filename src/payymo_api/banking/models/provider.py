"""What the platform keeps for all tenants."""

from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import Base


class ProviderToken(Base):
    """A provider's token pair, sealed; of the platform, not of a tenant."""

    __tablename__ = "provider_tokens"

    provider: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class InstitutionList(Base):
    """The banks of a country as the provider listed them; read again after a day."""

    __tablename__ = "institution_lists"

    provider: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    institutions: Mapped[list[Any]]
    fetched_at: Mapped[datetime] = mapped_column(server_default=func.now())
