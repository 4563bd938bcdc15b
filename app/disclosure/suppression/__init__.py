"""Complementary suppression: no suppressed cell may follow from the totals beside it."""
