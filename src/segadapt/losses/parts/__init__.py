"""Building blocks of losses."""
