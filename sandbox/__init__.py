"""The data plane: mounts data and runs one task in a confined process. Imports nothing of `app`."""
