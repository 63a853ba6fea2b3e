"""Give a broker the demo's vhost, users and rights."""
