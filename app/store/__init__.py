"""Tables, transactions and migrations of the control database."""
