//! The language's tools through the program itself: what a person types, what standard output, standard error and the
//! exit code say.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

mod completion;
mod console;
mod editors;
mod formatting;
mod fuzz;
mod init;
mod language_server;
mod program;
mod release;
mod scenarios;
mod shell;
