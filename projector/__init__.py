"""From facts to messages, traces and views, by replay; and the processes that do it."""
