"""The plain Java client under Elastic's agent, recorded."""
