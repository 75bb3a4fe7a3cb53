"""The network of the joint space."""
