"""What everything else stands on: errors, configuration, records and their files, seeds, locks; it knows nobody."""
