"""Is noise of differential privacy worth what it costs? Sensitivity, noise, thresholds, budget, and whole jobs."""
