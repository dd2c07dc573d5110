//! The smallest possible Postgres client: one connection, the simple query protocol, trust only.
//!
//! Some packages of Postgres (the wheel among them) come without `psql`, and this crate must work
//! before the workspace's own SQL client is compiled.
//! Source: PostgreSQL documentation, "Frontend/Backend Protocol", message formats.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Longest wait for one answer. Index builds in migrations stay far below it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest message read; the answers to what this crate asks are a few hundred bytes.
const MESSAGE_MAX_BYTES: usize = 16 << 20;

/// Runs one or more statements and returns the first column of all rows, as text.
pub(crate) fn query(socket_dir: &Path, database: &str, sql: &str) -> Result<Vec<String>> {
    let path = socket_dir.join(".s.PGSQL.5432");
    let mut stream =
        UnixStream::connect(&path).with_context(|| format!("connecting to {}", path.display()))?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    let mut startup = 196_608_u32.to_be_bytes().to_vec();
    for word in ["user", "postgres", "database", database, ""] {
        startup.extend_from_slice(word.as_bytes());
        startup.push(0);
    }
    send(&mut stream, None, &startup)?;
    read_until_ready(&mut stream)?;
    let mut text = sql.as_bytes().to_vec();
    text.push(0);
    send(&mut stream, Some(b'Q'), &text)?;
    let rows = read_until_ready(&mut stream)?;
    // A polite goodbye; the answer is already complete, so its failure changes nothing.
    let _ = send(&mut stream, Some(b'X'), &[]);
    Ok(rows)
}

fn send(stream: &mut UnixStream, kind: Option<u8>, body: &[u8]) -> Result<()> {
    let length = u32::try_from(body.len() + 4).context("the statement is too long")?;
    let mut message: Vec<u8> = kind.into_iter().collect();
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(body);
    stream.write_all(&message).context("sending to Postgres")
}

/// Reads messages up to ReadyForQuery; an ErrorResponse becomes the error.
fn read_until_ready(stream: &mut UnixStream) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    let mut failure = None;
    loop {
        let mut head = [0_u8; 5];
        match stream.read_exact(&mut head) {
            Ok(()) => {}
            // After a fatal error Postgres closes the connection without ReadyForQuery.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && failure.is_some() => break,
            Err(error) => return Err(error).context("reading from Postgres"),
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if !(4..=MESSAGE_MAX_BYTES).contains(&length) {
            bail!("Postgres sent a message of {length} bytes");
        }
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body).context("reading from Postgres")?;
        match head[0] {
            b'D' => rows.push(first_column(&body)),
            b'E' => failure = Some(error_text(&body)),
            b'R' if body.first_chunk() != Some(&[0; 4]) => bail!("Postgres asks for a password"),
            b'Z' => break,
            _ => {}
        }
    }
    match failure {
        Some(text) => bail!("{text}"),
        None => Ok(rows),
    }
}

/// The first column of a DataRow; empty for NULL.
fn first_column(body: &[u8]) -> String {
    let length = body.get(2..6).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    let length = length.map_or(-1, i32::from_be_bytes);
    let value = usize::try_from(length).ok().and_then(|length| body.get(6..6 + length));
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

/// Severity and message of an ErrorResponse, in one line.
fn error_text(body: &[u8]) -> String {
    let mut severity = "ERROR".to_owned();
    let mut message = "no message".to_owned();
    for field in body.split(|byte| *byte == 0) {
        match field.split_first() {
            Some((b'S', text)) => severity = String::from_utf8_lossy(text).into_owned(),
            Some((b'M', text)) => message = String::from_utf8_lossy(text).into_owned(),
            Some(_) | None => {}
        }
    }
    format!("{severity}: {message}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_fields_are_read_by_their_letter() {
        let body = b"SFATAL\0VFATAL\0C3D000\0Mdatabase \"x\" does not exist\0\0";
        assert_eq!(error_text(body), "FATAL: database \"x\" does not exist");
        assert_eq!(error_text(b""), "ERROR: no message");
    }

    #[test]
    fn a_row_is_its_first_column() {
        assert_eq!(first_column(b"\0\x01\0\0\0\x02ab"), "ab");
        assert_eq!(first_column(b"\0\x01\xff\xff\xff\xff"), "");
        assert_eq!(first_column(b"\0\x01\0\0\0\x09ab"), "");
    }
}
