"""Pages that anyone on this machine may see: health, catalog, job status, ledger."""
