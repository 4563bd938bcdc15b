"""Random texts, to see that nothing but codes ever comes back. Begin with test_fuzz.py."""
