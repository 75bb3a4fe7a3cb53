"""Search quality: tasks, runs, statistics."""
