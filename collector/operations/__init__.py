"""What operators ask for: commands on their way from the API to the leader, which alone appends."""
