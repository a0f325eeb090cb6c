"""Label tables: what the numbers and colours of label files mean, and how users write it down."""
