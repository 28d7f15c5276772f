"""Sequences -> batches: codes and scales, flat tensors, landmarks, length buckets."""
