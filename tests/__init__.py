"""hoptrail's tests: unit, contract, integration, e2e, golden."""
