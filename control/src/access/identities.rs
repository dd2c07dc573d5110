//! Sign-in with an identity that a provider (OpenID Connect) vouches for.
//!
//! Invariants: only an account's owner links it, and proves both sides while doing so; whom a
//! provider vouches for and nobody linked is a stranger, whatever the provider calls them. A
//! question that was sent to the provider is answered once, in the session that asked it; a
//! session that ended while the provider was asked links nothing.
//!
//! Must not: speak to a provider (the server does).

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use mainstay_core::access::identity::{Identity, Linked};
use mainstay_core::access::{FieldMistake, Mistake};
use mainstay_core::audit::{Action, Actor};
use mainstay_core::id::UserName;
use mainstay_store::access::ceremonies::{self, Kind};
use mainstay_store::access::{self as rows, Hash, factors, identities, sessions};
use mainstay_store::{StoreError, Tx, audit};
use serde_json::{Value, json};

use super::factors::since;
use super::users::object;
use super::{Access, AccessError, By, Change, Entered, SignInError, Verdict, event, stranger};

/// What a provider is asked about somebody for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    /// To link them with the account that is signed in.
    Link,
}

impl Purpose {
    const fn kind(self) -> Kind {
        match self {
            Self::SignIn => Kind::Provider,
            Self::Link => Kind::Link,
        }
    }
}

impl Access {
    /// The identities that a user linked.
    pub async fn identities(&self, user: &UserName) -> Result<Vec<Linked>, StoreError> {
        let mut db = self.store.reads().acquire().await?;
        identities::of_user(&mut db, user).await
    }

    /// Remembers in a session what a provider was asked. `false`: the session is over.
    pub async fn begin_identity(
        &self,
        session: &Hash,
        purpose: Purpose,
        asked: &Value,
    ) -> Result<bool, StoreError> {
        self.begin_ceremony(session, purpose.kind(), asked).await
    }

    /// What a provider was asked and has not answered; `None`: nothing, or too long ago.
    pub async fn asked_identity(
        &self,
        session: &Hash,
        purpose: Purpose,
    ) -> Result<Option<Value>, StoreError> {
        let mut db = self.store.acts().acquire().await?;
        ceremonies::read(&mut db, session, purpose.kind(), since(self.now())).await
    }

    /// Takes what a provider was asked; `None`: nothing, or too long ago, or it was answered.
    pub async fn take_identity(
        &self,
        session: &Hash,
        purpose: Purpose,
    ) -> Result<Option<Value>, StoreError> {
        let since = since(self.now());
        self.store
            .read_committed(|tx| {
                Box::pin(async move { ceremonies::take(tx, session, purpose.kind(), since).await })
            })
            .await
    }

    /// Begins a try to sign in with what a provider says. It counts as failed until
    /// [`sign_in_identity`](Self::sign_in_identity) or [`void_identity`](Self::void_identity) says
    /// otherwise.
    pub async fn begin_answer(
        &self,
        address: IpAddr,
        request: Option<String>,
    ) -> Result<(), SignInError> {
        let begun = self.limits().begin(None, address, self.now());
        let Err(wait) = begun else { return Ok(()) };
        if wait.first {
            let by = &stranger(address, request);
            self.note_refused_sign_in(by, None, "too many tries").await?;
        }
        Err(SignInError::Wait(wait))
    }

    /// Ends a try that nobody failed: the provider was away, or nothing was asked.
    pub fn void_identity(&self, address: IpAddr) {
        self.limits().void(None, address, self.now());
    }

    /// Lets in whoever linked an identity, or on to the second step.
    pub async fn sign_in_identity(
        &self,
        identity: &Identity,
        address: IpAddr,
        request: Option<String>,
    ) -> Result<Entered, SignInError> {
        let now = self.now();
        let by = &stranger(address, request);
        let done = self
            .store
            .read_committed(|tx| Box::pin(async move { whose(tx, identity, by, now).await }))
            .await;
        match done {
            Ok(Some(entered)) if entered.second => {
                self.void_identity(address);
                Ok(entered)
            }
            Ok(Some(entered)) => {
                self.limits().succeeded(&entered.user.name, address, self.now());
                Ok(entered)
            }
            Ok(None) => Err(SignInError::Wrong),
            Err(error) => {
                self.void_identity(address);
                Err(error.into())
            }
        }
    }

    /// Writes down that a provider vouched for nobody.
    pub async fn refused_identity(
        &self,
        why: &str,
        address: IpAddr,
        request: Option<String>,
    ) -> Result<(), StoreError> {
        self.note_refused_sign_in(&stranger(address, request), None, why).await
    }

    /// Links an identity with the account of whoever is signed in with a session.
    pub async fn link_identity(
        &self,
        by: &By,
        (user, session): (&UserName, &Hash),
        identity: &Identity,
    ) -> Result<(), AccessError> {
        let now = self.now();
        // Serialised with a password that somebody else sets: it ends sessions and links.
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let mistake = |mistake| {
                        Err(AccessError::Mistakes(vec![FieldMistake::new("identity", mistake)]))
                    };
                    let after = Some(json!({ "identity": identity }));
                    let verdict: Verdict<()> = if !sessions::is_of(tx, session, user).await? {
                        mistake(Mistake::Over)
                    } else if identities::insert(tx, user, identity, now).await? {
                        Ok(Change { value: (), before: None, after })
                    } else {
                        mistake(Mistake::Taken)
                    };
                    let event = event(by, Action::IdentityLink, object(user), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    /// Writes down that an identity was not linked.
    pub async fn not_linked(&self, by: &By, user: &UserName, why: &str) -> Result<(), StoreError> {
        let refused: Verdict<()> = Err(AccessError::NotFound);
        let mut event = event(by, Action::IdentityLink, object(user), &refused, self.now());
        event.after = Some(json!({ "refused": why }));
        self.note(&event).await
    }

    /// Ends a link.
    pub async fn unlink_identity(
        &self,
        by: &By,
        user: &UserName,
        id: i64,
    ) -> Result<(), AccessError> {
        let now = self.now();
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let verdict = match identities::delete(tx, user, id).await? {
                        Some((issuer, shown)) => {
                            let before =
                                json!({ "identity": { "issuer": issuer, "shown": shown } });
                            Ok(Change { value: (), before: Some(before), after: None })
                        }
                        None => Err(AccessError::NotFound),
                    };
                    let event = event(by, Action::IdentityUnlink, object(user), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }
}

/// Whose identity it is, if they may sign in; written down either way.
async fn whose(
    tx: &mut Tx<'_>,
    identity: &Identity,
    by: &By,
    now: DateTime<Utc>,
) -> Result<Option<Entered>, StoreError> {
    let owner = identities::used(tx, identity, now).await?;
    let account = match &owner {
        Some(owner) => rows::account(tx, owner).await?,
        None => None,
    };
    let Some(account) = account.filter(|account| account.user.disabled_at.is_none()) else {
        let refused: Verdict<()> = Err(AccessError::NotFound);
        let why = match &owner {
            Some(_) => "the account is closed",
            None => "no account is linked with this identity",
        };
        let mut event = event(by, Action::SignIn, "/sign-in".into(), &refused, now);
        event.after = Some(json!({ "user": owner, "identity": identity, "refused": why }));
        audit::append(tx, &event).await?;
        return Ok(None);
    };
    let name = &account.user.name;
    let second = factors::read(tx, name).await?.any();
    if !second {
        rows::signed_in(tx, name, now).await?;
    }
    let mut after = json!({ "with": "identity", "identity": identity });
    if second {
        after["step"] = "first".into();
    }
    let by = By { actor: Actor::User(name.to_string()), ..by.clone() };
    let done: Verdict<()> = Ok(Change { after: Some(after), ..Change::default() });
    audit::append(tx, &event(&by, Action::SignIn, object(name), &done, now)).await?;
    Ok(Some(Entered { user: account.user, second }))
}
