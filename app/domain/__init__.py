"""Values, lifecycles and errors of the field; no input or output, no framework."""
