from sqlalchemy import Uuid, column, select, table
from sqlalchemy.orm import Mapped, column_property, declared_attr

from payymo_api.core.types import PaymentId
from payymo_api.payments.models.mirrored import Mirrored

_PAYMENTS = table(
    "stripe_payments",
    column("tenant_id", Uuid()),
    column("connection_id", Uuid()),
    column("stripe_id"),
    column("id", Uuid()),
)


class AboutPayment(Mirrored):
    """What is about a payment: by Stripe's id, as either of the two may be mirrored first."""

    __abstract__ = True

    payment_intent: Mapped[str | None]

    @declared_attr
    @classmethod
    def payment_id(cls) -> Mapped[PaymentId | None]:
        """Our id of the payment, if it is mirrored."""
        return column_property(
            select(_PAYMENTS.c.id)
            .where(
                _PAYMENTS.c.tenant_id == cls.tenant_id,
                _PAYMENTS.c.connection_id == cls.connection_id,
                _PAYMENTS.c.stripe_id == cls.payment_intent,
            )
            .correlate_except(_PAYMENTS)
            .scalar_subquery(),
            expire_on_flush=False,
        )
