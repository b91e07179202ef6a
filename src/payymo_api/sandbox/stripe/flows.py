"""What follows from what, on one page: type of event -> what the sandbox does next."""

from collections.abc import Mapping

from payymo_api.sandbox.stripe import billing, collection
from payymo_api.sandbox.stripe.disputes import disputed_by_card
from payymo_api.sandbox.stripe.merchant import Reaction

REACTIONS: Mapping[str, tuple[Reaction, ...]] = {
    "payment_intent.succeeded": (collection.collected, disputed_by_card),
    "payment_intent.payment_failed": (collection.refused,),
    "payment_intent.requires_action": (collection.waiting,),
    "invoice.paid": (billing.paid,),
    "invoice.payment_failed": (billing.unpaid,),
    "customer.deleted": (billing.customer_deleted,),
}
