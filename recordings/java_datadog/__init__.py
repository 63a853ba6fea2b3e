"""The plain Java client under Datadog's agent, recorded."""
