"""What the tests share: waiting, a proxy that breaks connections, the management API."""
