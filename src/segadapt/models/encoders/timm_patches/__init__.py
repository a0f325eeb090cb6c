"""What timm's networks need to take any size, or to match what was published."""
