"""With what does Sluice sign, and how is a signature checked? Suites of algorithms and keys that are bound to one."""
