//! `docs/language/functions.md`, from the tables.
