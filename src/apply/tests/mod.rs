//! Stories of runs.

mod approvals;
mod calibrated;
mod chaos;
mod files;
mod mutations;
mod stories;
mod way_back;
