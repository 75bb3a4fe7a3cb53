"""What the rules ask: files of jobs, the run around them, progress, the cluster."""
