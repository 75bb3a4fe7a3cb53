"""What to train next: brackets, proposals, promotions, incumbents, and the studies of an experiment."""
