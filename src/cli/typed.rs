//! What was typed at the terminal before anything was asked.

/// Throws away what was typed and not yet read: a `yes` from before a question is no answer to it.
///
/// Where that cannot be done the question is asked all the same; there is a terminal, and somebody at it.
pub(super) fn forget_typed() {
    #[cfg(unix)]
    {
        let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
    }
    #[cfg(windows)]
    {
        use crossterm_winapi::{Console, Handle};
        if let Ok(console) = Handle::current_in_handle().map(Console::from) {
            while console.number_of_console_input_events().is_ok_and(|count| count > 0) {
                if console.read_console_input().is_err() {
                    break;
                }
            }
        }
    }
}
