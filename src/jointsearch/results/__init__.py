"""What lies in a results folder, read and checked."""
