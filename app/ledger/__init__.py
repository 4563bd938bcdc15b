"""Can anyone verify what happened? An append-only log as a Merkle tree, with signed checkpoints and proofs."""
