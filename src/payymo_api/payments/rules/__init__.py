"""What Stripe's objects say, and which of it is news: pure."""
