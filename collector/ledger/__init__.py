"""What was captured and what was missed: gaps, audits, lateness. Decided purely, gathered beside the pump."""
