"""Periodic tasks inside FastAPI, Starlette and any ASGI app."""
