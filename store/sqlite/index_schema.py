"""The tables of the SQLite message index. Another version is another index, rebuilt by replay.

``messages`` is narrow, because a search that nothing else leads goes through all of it; what only a few rows are asked
for stands in ``documents``. `state` is the label of the message's state, `last_at` the last that is known of it in ns.
"""

from store.sqlite.index_terms import TOKEN_CHARS

VERSION = 3
PAGE_BYTES = 8192
SPAN_BITS = 12

TABLES = (
    "messages",
    "documents",
    "words",
    "labels",
    "label_words",
    "labelled",
    "numbers",
    "spans",
    "state",
)

_TOKENIZE = f"tokenize=\"ascii tokenchars '{TOKEN_CHARS}'''\""

SCHEMA = f"""
CREATE TABLE messages (
    position INTEGER PRIMARY KEY,
    published_at INTEGER NOT NULL,
    latency_us INTEGER,
    latency_ms REAL,
    body_size INTEGER,
    retry_rounds INTEGER NOT NULL,
    state INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_by_latency ON messages (latency_us);
CREATE INDEX messages_by_size ON messages (body_size);
CREATE INDEX messages_by_rounds ON messages (retry_rounds);
CREATE TABLE documents (
    position INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    content INTEGER NOT NULL,
    body INTEGER NOT NULL,
    labels BLOB NOT NULL,
    numbers BLOB NOT NULL,
    uid TEXT NOT NULL,
    trace_id TEXT,
    parent_uid TEXT,
    document BLOB NOT NULL
) STRICT;
CREATE INDEX documents_by_trace ON documents (trace_id);
CREATE INDEX documents_by_parent ON documents (parent_uid);
CREATE VIRTUAL TABLE words USING fts5 (names, headers, body, keys, body_keys, columnsize=0, {_TOKENIZE});
CREATE TABLE labels (
    id INTEGER PRIMARY KEY,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (field, value)
) STRICT;
CREATE VIRTUAL TABLE label_words USING fts5 (value, columnsize=0, {_TOKENIZE});
CREATE TABLE labelled (
    label INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (label, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE numbers (
    field INTEGER NOT NULL,
    position INTEGER NOT NULL,
    value ANY NOT NULL,
    PRIMARY KEY (field, position, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX numbers_by_value ON numbers (field, value);
CREATE TABLE spans (
    span INTEGER PRIMARY KEY,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL
) STRICT;
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    checkpoint BLOB NOT NULL
) STRICT
"""
STATEMENTS = SCHEMA.split(";\n")  # a semicolon within a tokenizer's arguments never ends a line
