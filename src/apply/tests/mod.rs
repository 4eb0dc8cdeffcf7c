//! Stories of runs.

mod approvals;
mod calibrated;
mod chaos;
mod files;
mod mutations;
mod reading;
mod stories;
mod way_back;
