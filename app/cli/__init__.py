"""Commands: thin; each reads input, calls one door and prints."""
