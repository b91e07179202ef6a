"""Run the whole service on one machine that has nothing but Python."""
