"""The control plane: who may do what, workflows, review, release, ledger. Never touches a row of a source table."""
