"""How is one cell among millions found? Marks of fingerprints, sorted; what they cannot decide is compared in full."""
