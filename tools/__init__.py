"""What `dev.py` and `noxfile.py` are made of. Not part of the distribution."""
