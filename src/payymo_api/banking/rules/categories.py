"""The default tree of categories for a small company.

A code's parent is what stands before its last dot. Codes are stable; tenants may use codes of their
own beside them.
"""

from dataclasses import dataclass
from typing import Final, Literal

Flow = Literal["in", "out", "both"]
TRANSFER: Final = "transfer.internal"


@dataclass(frozen=True, slots=True)
class Category:
    """`direction`: which way its money usually goes."""

    code: str
    name: str
    direction: Flow

    @property
    def parent(self) -> str | None:
        return self.code.rpartition(".")[0] or None


_TREE: Final[tuple[tuple[Flow, str], ...]] = (
    (
        "in",
        """
        income                    Income
        income.sales              Sales of goods
        income.services           Services
        income.subscriptions      Subscriptions
        income.payouts            Payouts of payment providers
        income.interest           Interest received
        income.grants             Grants and subsidies
        income.refunds            Refunds from suppliers
        income.other              Other income
        """,
    ),
    (
        "out",
        """
        cost_of_sales             Cost of sales
        cost_of_sales.goods       Goods for resale
        cost_of_sales.materials   Materials
        cost_of_sales.hosting     Servers and domains for resale
        cost_of_sales.contractors Subcontractors
        cost_of_sales.shipping    Shipping
        cost_of_sales.refunds     Refunds to customers
        payroll                   Payroll
        payroll.wages             Wages and salaries
        payroll.social_security   Social security
        payroll.pensions          Pensions
        payroll.benefits          Other benefits
        """,
    ),
    (
        "both",
        """
        taxes                     Taxes
        taxes.vat                 VAT and sales tax
        taxes.income              Income and corporation tax
        taxes.payroll             Payroll tax
        taxes.other               Other taxes and duties
        """,
    ),
    (
        "out",
        """
        bank                      Bank
        bank.fees                 Bank fees
        bank.interest             Interest paid
        bank.payment_fees         Fees of payment providers
        rent                      Rent and premises
        rent.office               Rent
        rent.utilities            Electricity, gas, water
        rent.cleaning             Cleaning and maintenance
        office                    Office
        office.supplies           Supplies
        office.equipment          Small equipment
        office.postage            Postage
        software                  Software
        software.subscriptions    Subscriptions and licences
        software.hosting          Hosting and cloud
        software.domains          Domains and certificates
        telecoms                  Phone and internet
        marketing                 Marketing
        marketing.advertising     Advertising
        marketing.events          Events and fairs
        travel                    Travel
        travel.transport          Trains, flights, taxis
        travel.accommodation      Accommodation
        travel.meals              Meals and entertainment
        vehicles                  Vehicles
        vehicles.fuel             Fuel and charging
        vehicles.running          Lease, repairs, parking
        insurance                 Insurance
        professional              Professional fees
        professional.accounting   Accounting
        professional.legal        Legal
        professional.consulting   Consulting
        training                  Training
        assets                    Machines, furniture, vehicles bought
        other                     Other expenses
        """,
    ),
    (
        "both",
        """
        loans                     Loans
        loans.principal           Loans received and repaid
        owners                    Owners
        owners.capital            Capital paid in
        owners.drawings           Drawings and dividends
        transfer                  Transfers
        transfer.internal         Between own accounts
        transfer.cash             Cash paid in and drawn
        """,
    ),
)


def _read() -> tuple[Category, ...]:
    rows = [(flow, line.split(maxsplit=1)) for flow, text in _TREE for line in _lines(text)]
    return tuple(Category(code, name, flow) for flow, (code, name) in rows)


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


DEFAULT_CATEGORIES: Final = _read()
