"""The specification of Sluice: names are sentences, one folder per area."""
