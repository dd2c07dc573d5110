//! What is wrong with a message, and in which field.

use std::fmt;

use mainstay_core::id::IdError;

use crate::limits::BODY_MAX_BYTES;

/// A message that does not hold what the protocol promises. Nothing of it was taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct WireError {
    /// Path of the field, outermost first: `report.instances[3].state`.
    pub field: String,
    #[source]
    pub problem: Problem,
}

/// The mistake itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("is missing")]
    Missing,
    #[error("has {found} entries, at most {max} are allowed")]
    TooMany { found: usize, max: usize },
    #[error("has {found} bytes, at most {max} are allowed")]
    TooLong { found: usize, max: usize },
    #[error("is not an id: {0}")]
    Id(#[source] IdError),
    #[error("is {found}, which is outside {expected}")]
    OutOfRange { found: String, expected: &'static str },
    #[error("holds a character that is not allowed there: {0:?}")]
    Character(char),
    #[error("is named twice: {0}")]
    Duplicate(String),
    #[error("does not have the form {0}")]
    Form(&'static str),
    #[error("is not what it should be: {0}")]
    Json(String),
}

impl WireError {
    pub(crate) fn new(field: &str, problem: Problem) -> Self {
        Self { field: field.to_owned(), problem }
    }

    /// The same mistake, seen from the message that contains the field's message.
    pub(crate) fn inside(self, outer: impl fmt::Display) -> Self {
        Self { field: format!("{outer}.{}", self.field), problem: self.problem }
    }
}

/// Checks a text that people or programs read as one line: no control characters.
pub(crate) fn line(field: &str, text: String, max: usize) -> Result<String, WireError> {
    let text = bounded(field, text, max)?;
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(WireError::new(field, Problem::Character(c))),
        None => Ok(text),
    }
}

/// Like [`line`], and not empty.
pub(crate) fn label(field: &str, text: String, max: usize) -> Result<String, WireError> {
    if text.is_empty() {
        return Err(WireError::new(field, Problem::Missing));
    }
    line(field, text, max)
}

/// Checks the length only.
pub(crate) fn bounded(field: &str, text: String, max: usize) -> Result<String, WireError> {
    if text.len() > max {
        let found = text.len();
        return Err(WireError::new(field, Problem::TooLong { found, max }));
    }
    Ok(text)
}

/// Reads every entry of a repeated field, after checking how many there are.
pub(crate) fn each<M, T>(
    field: &str,
    messages: Vec<M>,
    max: usize,
    mut read: impl FnMut(M) -> Result<T, WireError>,
) -> Result<Vec<T>, WireError> {
    let found = messages.len();
    if found > max {
        return Err(WireError::new(field, Problem::TooMany { found, max }));
    }
    let mut entries = Vec::with_capacity(found);
    for (at, message) in messages.into_iter().enumerate() {
        entries.push(read(message).map_err(|e| e.inside(format_args!("{field}[{at}]")))?);
    }
    Ok(entries)
}

/// Reads an identifier of any kind.
pub(crate) fn id<T: std::str::FromStr<Err = IdError>>(
    field: &str,
    text: &str,
) -> Result<T, WireError> {
    text.parse().map_err(|e| WireError::new(field, Problem::Id(e)))
}

/// Reads a value that travels as JSON.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    field: &str,
    text: &str,
) -> Result<T, WireError> {
    if text.len() > BODY_MAX_BYTES {
        let (found, max) = (text.len(), BODY_MAX_BYTES);
        return Err(WireError::new(field, Problem::TooLong { found, max }));
    }
    serde_json::from_str(text)
        .map_err(|error| WireError::new(field, Problem::Json(error.to_string())))
}

/// The JSON of a value of ours.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have string keys only")
}

/// The field of a message that must be there.
pub(crate) fn present<T>(field: &str, value: Option<T>) -> Result<T, WireError> {
    value.ok_or_else(|| WireError::new(field, Problem::Missing))
}

/// Cuts a text we write ourselves to what the other side accepts, and to one line.
pub(crate) fn cut(text: &str, max: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let end = (0..=max.min(line.len())).rev().find(|at| line.is_char_boundary(*at));
    line[..end.unwrap_or(0)].to_owned()
}
