"""What is there? Described, coded data sets: `catalog.toml` read and checked, files mounted as immutable versions."""
