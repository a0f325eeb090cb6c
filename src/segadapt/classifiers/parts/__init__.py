"""Building blocks of classifiers."""
