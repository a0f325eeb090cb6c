"""Published data sets fetched, verified and unpacked."""
