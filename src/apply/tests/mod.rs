//! Stories of runs.

mod approvals;
mod chaos;
mod files;
mod stories;
mod way_back;
