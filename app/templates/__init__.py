"""Templates: analyses with typed parameters, approved once and run many times."""
