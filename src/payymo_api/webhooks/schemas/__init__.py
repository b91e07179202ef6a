"""What webhooks take and answer: a module per resource."""
