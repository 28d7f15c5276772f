"""Encoder + head -> a fitted model, by Lightning."""
