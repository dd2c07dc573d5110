//! What is wrong with a value that somebody typed.

use serde::{Deserialize, Serialize};

/// Why a typed value is not accepted; every form and the JSON API name the field beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Mistake {
    /// Nothing was written.
    Missing,
    /// Not the form of an identifier.
    Form,
    TooShort {
        least: usize,
    },
    TooLong {
        most: usize,
    },
    /// Somebody or something else has this name.
    Taken,
    /// The current password is not this one.
    WrongPassword,
    /// The password has to differ from the user name.
    SameAsName,
    /// No role was chosen.
    NoRole,
    /// More than the maker holds.
    BeyondOwner,
    /// Not a time zone of the IANA database.
    UnknownZone,
    /// Not a number in this range, both ends included.
    Range {
        least: i64,
        most: i64,
    },
    /// Not one of the choices.
    UnknownChoice,
    /// No such object in the fleet.
    NotThere,
    /// Not the code that the authenticator app shows.
    WrongCode,
    /// What was begun took too long, or was ended elsewhere.
    Over,
    /// No device made or showed a passkey.
    NoPasskey,
    /// Not the address of a receiver of notifications.
    WebAddress,
    /// Not the address of a repository.
    Repository,
    /// Not the address of a mailbox.
    Mailbox,
    /// An address that is not public, in a network that is not allowed.
    NotPublic,
    /// Neither encrypted nor in a network that is allowed.
    NotEncrypted,
    /// The secret has to be written again: it is not shown to another server.
    SecretAgain,
}

/// A mistake and the name of the field it was made in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldMistake {
    pub field: String,
    #[serde(flatten)]
    pub mistake: Mistake,
}

impl FieldMistake {
    pub fn new(field: impl Into<String>, mistake: Mistake) -> Self {
        Self { field: field.into(), mistake }
    }
}
