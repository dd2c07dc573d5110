//! Live values: what the stream carries, and how the server finds what changed.
