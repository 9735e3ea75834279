//! Results become text, tables, JSON and pages: one file a format, all into memory that the caller writes out.
