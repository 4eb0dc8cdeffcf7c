//! Scenario files that hold, that fail and that are wrong.
