"""Sample scenarios: a folder each with catalog.toml, data and analyses; all but `flights` are synthetic."""
