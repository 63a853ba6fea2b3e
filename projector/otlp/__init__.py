"""Spans, as OpenTelemetry knows them, of what the log shows: the pure part of the export.

Pure. The same log gives the same spans with the same ids. Nothing is invented: a span without a known end ends where it
begins, and a producer that reports spans of its own gets none from here.
"""
