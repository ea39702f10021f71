"""Observers are told what happened; they cannot steer it."""
