"""Tests of the data plane: walls, gate, engine, mount, and hostile answers."""
