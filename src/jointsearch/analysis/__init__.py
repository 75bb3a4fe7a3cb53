"""What was learned: the observations table, the incumbent, correlations, footprints."""
