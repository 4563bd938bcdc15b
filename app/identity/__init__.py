"""Who is this, and what may they do? Organizations, persons, roles and keys."""
