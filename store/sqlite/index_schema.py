"""The tables of the SQLite message index. Another version is another index, rebuilt by replay."""

from store.sqlite.index_terms import TOKEN_CHARS

VERSION = 1
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
    version INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    latency_us INTEGER,
    body_size INTEGER,
    retry_rounds INTEGER NOT NULL,
    uid TEXT NOT NULL,
    trace_id TEXT,
    parent_uid TEXT,
    content INTEGER NOT NULL,
    body INTEGER NOT NULL,
    labels BLOB NOT NULL,
    numbers BLOB NOT NULL
) STRICT;
CREATE INDEX messages_by_trace ON messages (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX messages_by_parent ON messages (parent_uid) WHERE parent_uid IS NOT NULL;
CREATE TABLE documents (
    position INTEGER PRIMARY KEY,
    document BLOB NOT NULL
) STRICT;
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
