"""Patches of timm's networks, for images of any size or to match published networks."""
