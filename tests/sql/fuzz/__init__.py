"""What might an analyst write? Random queries of known types, the same for the same seed."""
