"""The engine: how runs are started, contained and ended."""
