from payymo_api.core.errors import Conflict


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
    title = "Another object has this external_id"
    resolution = "Change that one with PUT, or upsert by external_id with POST …/batch."


class CustomerHasInvoices(Conflict):
    code = "customer_has_invoices"
    title = "A customer with documents or credit can't be deleted"
    resolution = "Delete the customer's documents first, or keep the customer: it is their history."


class InvoiceSettled(Conflict):
    code = "invoice_settled"
    title = "Money is matched with this document"
    resolution = "Undo the matches first: DELETE /api/v1/reconciliation/match/{id}."


class InvoiceBelowSettled(InvoiceSettled):
    code = "invoice_below_settled"
    title = "A document can't be cut below what is settled"
    resolution = "Undo the matches first, or make a credit note for the difference."


class InvoiceReadOnly(Conflict):
    code = "invoice_read_only"
    title = "This document is kept by its source"
    resolution = "Change it where it was made; the change comes here by itself."
