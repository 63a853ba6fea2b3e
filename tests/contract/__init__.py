"""What every adapter of a port must do: one class per port, nested by each adapter."""

import pytest

# So that a failing promise shows what was compared, as in a test module.
pytest.register_assert_rewrite(
    "tests.contract.event_log", "tests.contract.message_index", "tests.contract.snapshot_store"
)
