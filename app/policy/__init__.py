"""Is each use of a field permitted, and by which rule? Casbin decides on immutable snapshots (policies/use)."""
