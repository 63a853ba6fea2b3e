"""What every adapter of a port must do: one class per port, nested by each adapter."""
