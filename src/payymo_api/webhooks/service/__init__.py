"""Use cases: endpoints and what is asked of them by hand; deliveries and how they go."""
