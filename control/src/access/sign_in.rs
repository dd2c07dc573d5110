//! Signing in and out, and passwords.

use std::net::IpAddr;

use mainstay_core::access::{FieldMistake, Mistake, User};
use mainstay_core::audit::{Action, Actor};
use mainstay_core::id::UserName;
use mainstay_store::access::{self as rows, Hash, factors, identities, sessions};
use mainstay_store::{StoreError, Tx, audit};
use serde_json::json;

use super::grants::Given;
use super::secret::{PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS};
use super::users::object;
use super::{Access, AccessError, Busy, By, Change, Verdict, Wait, event, stranger};

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Name and password do not belong together; which of the two is wrong is not said.
    #[error("the name or the password is wrong")]
    Wrong,
    /// The code was right once and counts no more.
    #[error("the code was used before")]
    Used,
    /// What was begun took too long, or was ended elsewhere.
    #[error("the sign-in began too long ago")]
    Over,
    #[error("too many tries; the next one is heard in {} s", .0.seconds)]
    Wait(Wait),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whose password was right.
#[derive(Clone, Debug, PartialEq)]
pub struct Entered {
    pub user: User,
    /// They have a second factor and are not signed in before they proved it.
    pub second: bool,
}

impl Access {
    /// Lets somebody in, or on to the second step: notes it and returns the user.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: IpAddr,
        request: Option<String>,
    ) -> Result<Entered, SignInError> {
        let name = UserName::new(&name.trim().to_lowercase()).ok();
        let by = stranger(address, request);
        let begun = self.limits().begin(name.as_ref(), address, self.now());
        if let Err(wait) = begun {
            if wait.first {
                self.note_refused_sign_in(&by, name.as_ref(), "too many tries").await?;
            }
            return Err(SignInError::Wait(wait));
        }
        let entered = match self.check_and_note(name.as_ref(), password, &by).await {
            Ok(entered) => entered,
            Err(error) => {
                self.limits().void(name.as_ref(), address, self.now());
                return Err(error);
            }
        };
        match (entered, name) {
            (Some(entered), Some(name)) if entered.second => {
                // Codes that were guessed stay counted: the password is half of a proof.
                self.limits().void(Some(&name), address, self.now());
                Ok(entered)
            }
            (Some(entered), Some(name)) => {
                self.limits().succeeded(&name, address, self.now());
                Ok(entered)
            }
            (None, name) => {
                self.note_refused_sign_in(&by, name.as_ref(), "wrong name or password").await?;
                Err(SignInError::Wrong)
            }
            (Some(_), None) => unreachable!("a user has a name"),
        }
    }

    /// The user, if the password is right, with the sign-in or its first step noted.
    async fn check_and_note(
        &self,
        name: Option<&UserName>,
        password: &str,
        by: &By,
    ) -> Result<Option<Entered>, SignInError> {
        let right = self.is_password(name, password).await?;
        let (Some(name), true) = (name, right) else {
            return Ok(None);
        };
        let now = self.now();
        let by = By { actor: Actor::User(name.to_string()), ..by.clone() };
        let by = &by;
        let entered = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    let second = factors::read(tx, name).await?.any();
                    if !second && !rows::signed_in(tx, name, now).await? {
                        return Ok(None);
                    }
                    let after = second.then(|| json!({ "step": "first" }));
                    let done: Verdict<()> = Ok(Change { after, ..Change::default() });
                    let event = event(by, Action::SignIn, object(name), &done, now);
                    audit::append(tx, &event).await?;
                    let account = rows::account(tx, name).await?;
                    Ok(account.map(|account| Entered { user: account.user, second }))
                })
            })
            .await?;
        Ok(entered)
    }

    pub(super) async fn is_password(
        &self,
        name: Option<&UserName>,
        password: &str,
    ) -> Result<bool, SignInError> {
        if password.len() > PASSWORD_MAX_BYTES {
            return Ok(false);
        }
        let stored = match name {
            Some(name) => rows::password_hash(self.store.reads(), name).await?,
            None => None,
        };
        Ok(self.passwords.verify(password, stored).await?)
    }

    /// A name that has no form of one may be a password in the wrong field: it is not written.
    pub(super) async fn note_refused_sign_in(
        &self,
        by: &By,
        name: Option<&UserName>,
        why: &str,
    ) -> Result<(), StoreError> {
        let refused: Verdict<()> = Err(AccessError::NotFound);
        let mut event = event(by, Action::SignIn, "/sign-in".into(), &refused, self.now());
        event.after = Some(json!({ "user": name, "refused": why }));
        self.note(&event).await
    }

    /// Notes that a user signed out.
    pub async fn signed_out(&self, by: &By, name: &UserName) -> Result<(), StoreError> {
        let done: Verdict<()> = Ok(Change::default());
        let event = event(by, Action::SignOut, object(name), &done, self.now());
        self.note(&event).await
    }

    /// Changes one's own password, given the current one, and ends one's other sessions.
    pub async fn change_password(
        &self,
        by: &By,
        name: &UserName,
        (current, new): (&str, &str),
        address: IpAddr,
        keep: Option<&Hash>,
    ) -> Result<(), AccessError> {
        let action = Action::PasswordChange;
        let begun = self.limits().begin(Some(name), address, self.now());
        if let Err(wait) = begun {
            let error = AccessError::Wait(wait);
            if wait.first {
                return self.refuse(by, action, object(name), error).await;
            }
            return Err(error);
        }
        let right = self.is_password(Some(name), current).await;
        let right = right.map_err(|error| match error {
            SignInError::Busy(busy) => AccessError::Busy(busy),
            SignInError::Store(error) => AccessError::Store(error),
            SignInError::Wait(wait) => AccessError::Wait(wait),
            SignInError::Wrong | SignInError::Used | SignInError::Over => AccessError::NotFound,
        });
        let mut mistakes = Vec::new();
        match right {
            Ok(true) => self.limits().succeeded(name, address, self.now()),
            Ok(false) => mistakes.push(FieldMistake::new("current", Mistake::WrongPassword)),
            Err(error) => {
                self.limits().void(Some(name), address, self.now());
                return Err(error);
            }
        }
        check_password("password", new, name.as_str(), &mut mistakes);
        if !mistakes.is_empty() {
            let error = AccessError::Mistakes(mistakes);
            return self.refuse(by, action, object(name), error).await;
        }
        self.write_password(by, name, new, keep).await
    }

    /// Gives a user a new password, as an admin does for somebody who lost theirs; ends the
    /// user's sessions.
    pub async fn reset_password(
        &self,
        by: &By,
        name: &UserName,
        new: &str,
    ) -> Result<(), AccessError> {
        let mut mistakes = Vec::new();
        check_password("password", new, name.as_str(), &mut mistakes);
        if !mistakes.is_empty() {
            let error = AccessError::Mistakes(mistakes);
            return self.refuse(by, Action::PasswordChange, object(name), error).await;
        }
        self.write_password(by, name, new, None).await
    }

    async fn write_password(
        &self,
        by: &By,
        name: &UserName,
        new: &str,
        keep: Option<&Hash>,
    ) -> Result<(), AccessError> {
        let hash = &self.passwords.hash(new).await?;
        let now = self.now();
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let mut verdict = password(tx, name, hash, keep).await?;
                    let given = Given { by, reason: "", now };
                    if let Ok(change) = &mut verdict {
                        given.touch(tx, name).await?;
                        // A password that somebody else gives takes an account back from whoever
                        // had it, who may have linked an identity of their own: none is left.
                        if by.person() != name.as_str() {
                            let ended = identities::delete_all(tx, name).await?;
                            let after = change.after.get_or_insert_default();
                            after["identities_ended"] = ended.into();
                        }
                    }
                    let event = event(by, Action::PasswordChange, object(name), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }
}

async fn password(
    tx: &mut Tx<'_>,
    name: &UserName,
    hash: &str,
    keep: Option<&Hash>,
) -> Result<Verdict<()>, StoreError> {
    if rows::account(tx, name).await?.is_none() {
        return Ok(Err(AccessError::NotFound));
    }
    rows::update_password(tx, name, hash).await?;
    let ended = sessions::delete_of_user(tx, name, keep).await?;
    Ok(Ok(Change { value: (), before: None, after: Some(json!({ "sessions_ended": ended })) }))
}

pub(super) fn check_password(
    field: &str,
    text: &str,
    name: &str,
    mistakes: &mut Vec<FieldMistake>,
) {
    let mistake = if text.is_empty() {
        Mistake::Missing
    } else if text.chars().count() < PASSWORD_MIN_CHARS {
        Mistake::TooShort { least: PASSWORD_MIN_CHARS }
    } else if text.len() > PASSWORD_MAX_BYTES {
        Mistake::TooLong { most: PASSWORD_MAX_BYTES }
    } else if text.eq_ignore_ascii_case(name.trim()) {
        Mistake::SameAsName
    } else {
        return;
    };
    mistakes.push(FieldMistake::new(field, mistake));
}
