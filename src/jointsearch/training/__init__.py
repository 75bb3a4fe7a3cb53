"""Data, augmentation, schedule, clock and loop of one training."""
