//! Messages over standard input and output. What cannot be read as one is answered with an error, and the conversation goes
//! on: an editor that slips once must not lose its server.

use std::{
    io::{self, BufRead, Read, Write},
    thread,
};

use lsp_server::{Connection, ErrorCode, Message};
use serde_json::{Value, json};

use super::{ServeError, ServeOptions, serve};

/// A message larger than this is refused: no file of a configuration comes near it.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Serves the editor at the other end of the process's pipes.
///
/// # Errors
/// [`ServeError`], and those of standard output.
pub(crate) fn serve_stdio(options: &ServeOptions<'_>) -> Result<(), ServeError> {
    let (server, client) = Connection::memory();
    let Connection { sender, receiver } = client;
    // Not joined: it waits for input until the process ends.
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(frame)) = frame(&mut input) {
            match frame.and_then(|body| message(&body)) {
                Ok(message) => {
                    if sender.send(message).is_err() {
                        return;
                    }
                }
                Err(problem) => {
                    if write(&mut io::stdout().lock(), &problem.answer()).is_err() {
                        return;
                    }
                }
            }
        }
    });
    let writer = thread::spawn(move || {
        for message in receiver {
            let mut body = serde_json::to_value(&message).unwrap_or_default();
            if let Some(members) = body.as_object_mut() {
                members.insert("jsonrpc".into(), "2.0".into());
            }
            write(&mut io::stdout().lock(), &body)?;
        }
        Ok::<(), io::Error>(())
    });
    let served = serve(&server, options);
    drop(server);
    match writer.join() {
        Ok(written) => served.and(written.map_err(ServeError::Write)),
        Err(_) => served,
    }
}

/// Why a message could not be read.
#[derive(Debug)]
struct Problem {
    code: ErrorCode,
    message: String,
    /// The message's own id, as far as it has one.
    id: Value,
}

impl Problem {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), id: Value::Null }
    }

    fn answer(self) -> Value {
        let Self { code, message, id } = self;
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": code as i32, "message": message}})
    }
}

fn write(out: &mut dyn Write, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    write!(out, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    out.flush()
}

/// The bytes of the next message; `None` at the end of the input.
fn frame(input: &mut dyn BufRead) -> io::Result<Option<Result<Vec<u8>, Problem>>> {
    let mut length: Option<u64> = None;
    let mut headers = 0;
    loop {
        let mut line = Vec::new();
        // A line without an end would otherwise be kept whole.
        if (&mut *input).take(8192).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            match (length, headers) {
                (Some(_), _) => break,
                (None, 0) => continue,
                (None, _) => {
                    return Ok(Some(Err(Problem::new(ErrorCode::ParseError, "a message without Content-Length"))));
                }
            }
        }
        headers += 1;
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("Content-Length")
        {
            length = value.trim().parse().ok();
        }
    }
    let length = length.unwrap_or_default();
    let mut limited = (&mut *input).take(length);
    if length > LARGEST {
        io::copy(&mut limited, &mut io::sink())?;
        let problem = format!("a message of {length} bytes is larger than {LARGEST}");
        return Ok(Some(Err(Problem::new(ErrorCode::ParseError, problem))));
    }
    let mut body = Vec::new();
    limited.read_to_end(&mut body)?;
    Ok(Some(Ok(body)))
}

fn message(body: &[u8]) -> Result<Message, Problem> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Problem::new(ErrorCode::ParseError, format!("no JSON: {error}")))?;
    let id = value.get("id").filter(|id| id.is_string() || id.is_number()).cloned().unwrap_or_default();
    serde_json::from_value(value)
        .map_err(|error| Problem { id, ..Problem::new(ErrorCode::InvalidRequest, format!("no message: {error}")) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read from these bytes: methods of messages, codes of errors.
    fn read(mut bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        while let Ok(Some(one)) = frame(&mut bytes) {
            found.push(match one.and_then(|body| message(&body)) {
                Ok(Message::Request(request)) => request.method,
                Ok(Message::Notification(note)) => note.method,
                Ok(Message::Response(_)) => "response".into(),
                Err(problem) => problem.answer()["error"]["code"].to_string(),
            });
        }
        found
    }

    fn framed(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn what_is_no_message_is_answered_and_the_next_one_is_read() {
        let good = framed(r#"{"jsonrpc":"2.0","id":1,"method":"hover","params":{}}"#);
        for (bad, code) in [
            (framed(r#"{"x":"#), "-32700"),
            (framed("[1, 2]"), "-32600"),
            (framed("{}"), "-32600"),
            (framed("\u{fffd}"), "-32700"),
            ("X-Other: 1\r\n\r\n".to_owned(), "-32700"),
            ("Content-Length: many\r\n\r\n".to_owned(), "-32700"),
        ] {
            assert_eq!(read(format!("{bad}{good}{good}").as_bytes()), [code, "hover", "hover"], "{bad}");
        }
        assert_eq!(read(b"Content-Length: 99999999999999999\r\n\r\n{}"), ["-32700"], "nothing is reserved for it");
        assert_eq!(read(b"\r\n\r\ncontent-length:2\n\n"), ["-32700"], "cut off");
    }

    proptest! {
        /// Whatever comes, reading it ends and is answered or dropped.
        #[test]
        fn no_bytes_are_too_odd(pieces in prop::collection::vec(
            prop_oneof![
                Just("Content-Length: 2\r\n\r\n".to_owned()),
                Just("content-length : 18446744073709551615\r\n\r\n".to_owned()),
                Just("Content-Length: -1\n\n".to_owned()),
                Just(framed(r#"{"id":{},"method":7}"#)),
                "[\\PC\\x00\r\n]{0,12}",
            ],
            0..12,
        )) {
            let bytes = pieces.concat();
            prop_assert!(read(bytes.as_bytes()).len() <= bytes.len());
        }
    }
}
