"""From facts to messages and what caused them: one pure fold in log order, bounded, snapshotable, deterministic."""
