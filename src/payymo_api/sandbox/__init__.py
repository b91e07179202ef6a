"""The providers, simulated over real HTTP."""
