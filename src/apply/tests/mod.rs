//! Stories of runs.

mod approvals;
mod chaos;
mod files;
mod mutations;
mod stories;
mod way_back;
