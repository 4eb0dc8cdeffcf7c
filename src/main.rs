//! The `mfaplan` program.

fn main() -> std::process::ExitCode {
    mfaplan::main()
}
