"""Untrusted text: reading it within limits, and escaping it for each place where it is shown."""
