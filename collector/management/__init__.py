"""The broker's management API: asked with failover, and what it says of tracing on each node."""
