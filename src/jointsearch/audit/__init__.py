"""Whether results are what they claim to be: manifest, derivation, retraining, lineage, Run Crate."""
