"""Parameter groups, optimisers and schedules."""
