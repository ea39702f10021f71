"""See a scheduler and steer it over HTTP: mounted by `router` and `asgi_dashboard` of it."""
