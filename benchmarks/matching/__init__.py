"""Made-up data sets for the matching engine, and how fast and how right it is on them."""
