"""The embedded store on SQLite: one directory, no server. The only folder that knows SQLite."""
