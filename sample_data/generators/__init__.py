"""Makers of the synthetic scenarios: a module each, all seeded, all of fake subjects."""
