//! The second step: a code or a passkey, at sign-in and where somebody proves again who they are.
//!
//! Invariants: what proves is taken in the transaction that lets in, so it counts once; a try that
//! is refused is written down, and the question that was asked is gone with it.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use mainstay_core::access::User;
use mainstay_core::access::factor::{Code, Factor};
use mainstay_core::audit::{Action, Actor};
use mainstay_core::id::UserName;
use mainstay_store::access::ceremonies::{self, Kind};
use mainstay_store::access::{self as rows, Hash, factors};
use mainstay_store::{StoreError, Tx, audit};
use serde_json::{Value, json};

use super::factors::{ANSWER_MAX_BYTES, about, code_hash, since, step};
use super::passkeys::Passkeys;
use super::users::object;
use super::{Access, AccessError, By, Change, SignInError, Verdict, event, stranger};

/// What somebody proves with.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// A code of an app, or one for recovery.
    Code(&'a str),
    /// What a device answered, as JSON.
    Passkey(&'a str),
}

/// What a proof is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Worth {
    Right(Factor),
    /// The code was taken before.
    Used,
    Wrong(String),
}

impl Worth {
    /// Why it is refused, for the audit log.
    fn refusal(&self) -> Option<String> {
        match self {
            Self::Right(_) => None,
            Self::Used => Some("the code was used before".to_owned()),
            Self::Wrong(why) => Some(why.clone()),
        }
    }

    fn verdict<T>(&self, value: T) -> Result<T, SignInError> {
        match self {
            Self::Right(_) => Ok(value),
            Self::Used => Err(SignInError::Used),
            Self::Wrong(_) => Err(SignInError::Wrong),
        }
    }
}

impl Access {
    /// Remembers in a session that this user's password was right, as the user was then.
    pub async fn begin_second(&self, session: &Hash, user: &User) -> Result<(), SignInError> {
        let state = json!({ "user": user.name, "revision": user.revision });
        if self.begin_ceremony(session, Kind::Second, &state).await? {
            return Ok(());
        }
        Err(SignInError::Over)
    }

    /// Whose second step a session waits for. `None`: nobody's, or no longer.
    pub async fn pending(&self, session: &Hash) -> Result<Option<UserName>, StoreError> {
        let mut db = self.store.acts().acquire().await?;
        let state = ceremonies::read(&mut db, session, Kind::Second, since(self.now())).await?;
        Ok(state.and_then(|state| Pending::read(&state)).map(|pending| pending.user))
    }

    /// The question for a passkey: of `user`, or of anybody. `None`: there are no passkeys here,
    /// the user has none, or the session is over.
    pub async fn begin_use(
        &self,
        session: &Hash,
        user: Option<&UserName>,
    ) -> Result<Option<Value>, StoreError> {
        let Some(passkeys) = &self.factors.passkeys else { return Ok(None) };
        let mut known = Vec::new();
        if let Some(user) = user {
            let mut db = self.store.reads().acquire().await?;
            let all = factors::passkeys(&mut db, user).await?;
            known.extend(all.into_iter().map(|key| key.credential));
            if known.is_empty() {
                return Ok(None);
            }
        }
        let Some((question, state)) = passkeys.ask_use(&known) else { return Ok(None) };
        let begun = self.begin_ceremony(session, Kind::Passkey, &state).await?;
        Ok(begun.then_some(question))
    }

    /// Lets in whoever waits in this session, if the proof is theirs.
    pub async fn sign_in_second(
        &self,
        session: &Hash,
        proof: Proof<'_>,
        address: IpAddr,
        request: Option<String>,
    ) -> Result<User, SignInError> {
        let Some(name) = self.pending(session).await? else { return Err(SignInError::Over) };
        let name = &name;
        let by = &By { actor: Actor::User(name.to_string()), request, confirmed: false };
        self.try_begin(by, Action::SignIn, name, address).await?;
        let now = self.now();
        let done = self
            .store
            .read_committed(|tx| {
                Box::pin(async move { self.second(tx, session, (name, proof), by, now).await })
            })
            .await;
        self.ended(name, address, done)
    }

    async fn second(
        &self,
        tx: &mut Tx<'_>,
        session: &Hash,
        (name, proof): (&UserName, Proof<'_>),
        by: &By,
        now: DateTime<Utc>,
    ) -> Result<Result<User, SignInError>, StoreError> {
        // Locked: of two at once, the second finds it taken.
        let state = ceremonies::read(tx, session, Kind::Second, since(now)).await?;
        let pending = state.and_then(|state| Pending::read(&state));
        let account = rows::account(tx, name).await?;
        let (Some(pending), Some(account)) = (pending, account) else {
            return Ok(Err(SignInError::Over));
        };
        // A new password, other roles or a closed account since: from the beginning.
        let as_then = pending.revision == account.user.revision && pending.user == *name;
        if !as_then || account.user.disabled_at.is_some() {
            ceremonies::take(tx, session, Kind::Second, since(now)).await?;
            return Ok(Err(SignInError::Over));
        }
        let worth = self.worth(tx, session, name, proof, now).await?;
        note(tx, by, (Action::SignIn, name), &worth, now).await?;
        if let Worth::Right(_) = worth {
            ceremonies::take(tx, session, Kind::Second, since(now)).await?;
            rows::signed_in(tx, name, now).await?;
        }
        Ok(worth.verdict(account.user))
    }

    /// Lets in whoever a passkey belongs to: it is two factors, the device and what unlocks it.
    pub async fn sign_in_passkey(
        &self,
        session: &Hash,
        answer: &str,
        address: IpAddr,
        request: Option<String>,
    ) -> Result<User, SignInError> {
        let by = &stranger(address, request);
        let begun = self.limits().begin(None, address, self.now());
        if let Err(wait) = begun {
            if wait.first {
                self.note_refused_sign_in(by, None, "too many tries").await?;
            }
            return Err(SignInError::Wait(wait));
        }
        let now = self.now();
        let done = self
            .store
            .read_committed(|tx| {
                Box::pin(async move { self.whose(tx, session, answer, by, now).await })
            })
            .await;
        match done {
            Ok(Ok(user)) => {
                self.limits().succeeded(&user.name, address, self.now());
                Ok(user)
            }
            Ok(Err(error)) => Err(error),
            Err(error) => {
                self.limits().void(None, address, self.now());
                Err(error.into())
            }
        }
    }

    async fn whose(
        &self,
        tx: &mut Tx<'_>,
        session: &Hash,
        answer: &str,
        by: &By,
        now: DateTime<Utc>,
    ) -> Result<Result<User, SignInError>, StoreError> {
        let refusal = match self.passkey(tx, session, answer, now).await? {
            Ok(owner) if rows::signed_in(tx, &owner, now).await? => {
                let by = &By { actor: Actor::User(owner.to_string()), ..by.clone() };
                let worth = Worth::Right(Factor::Passkey);
                note(tx, by, (Action::SignIn, &owner), &worth, now).await?;
                let account = rows::account(tx, &owner).await?;
                return Ok(account.map(|account| account.user).ok_or(SignInError::Wrong));
            }
            Ok(owner) => json!({ "user": owner, "refused": "the account is closed" }),
            Err(why) => json!({ "refused": why }),
        };
        let refused: Verdict<()> = Err(AccessError::NotFound);
        let mut event = event(by, Action::SignIn, "/sign-in".into(), &refused, now);
        event.after = Some(refusal);
        audit::append(tx, &event).await?;
        Ok(Err(SignInError::Wrong))
    }

    /// Whether somebody signed in is who they are: a passkey, or the password with a code where
    /// they have a second factor.
    pub async fn confirm(
        &self,
        by: &By,
        (name, session): (&UserName, &Hash),
        (password, proof): (&str, Proof<'_>),
        address: IpAddr,
    ) -> Result<(), SignInError> {
        self.try_begin(by, Action::Confirm, name, address).await?;
        let right = match proof {
            Proof::Passkey(_) => Ok(true),
            Proof::Code(_) => self.is_password(Some(name), password).await,
        };
        let right = match right {
            Ok(right) => right,
            Err(error) => {
                self.limits().void(Some(name), address, self.now());
                return Err(error);
            }
        };
        let now = self.now();
        let done = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    let worth = if !right {
                        Worth::Wrong("wrong password".to_owned())
                    } else if let Proof::Code(_) = proof
                        && !factors::read(tx, name).await?.any()
                    {
                        note_done(tx, by, name, "password", now).await?;
                        return Ok(Ok(()));
                    } else {
                        self.worth(tx, session, name, proof, now).await?
                    };
                    note(tx, by, (Action::Confirm, name), &worth, now).await?;
                    Ok(worth.verdict(()))
                })
            })
            .await;
        self.ended(name, address, done)
    }

    /// Begins a try of a user, unless there were too many.
    async fn try_begin(
        &self,
        by: &By,
        action: Action,
        name: &UserName,
        address: IpAddr,
    ) -> Result<(), SignInError> {
        let begun = self.limits().begin(Some(name), address, self.now());
        let Err(wait) = begun else { return Ok(()) };
        if wait.first {
            let refused: Verdict<()> = Err(AccessError::Wait(wait));
            self.note(&event(by, action, object(name), &refused, self.now())).await?;
        }
        Err(SignInError::Wait(wait))
    }

    /// Ends a try: right, wrong, or neither because the store was away.
    fn ended<T>(
        &self,
        name: &UserName,
        address: IpAddr,
        done: Result<Result<T, SignInError>, StoreError>,
    ) -> Result<T, SignInError> {
        match done {
            Ok(Ok(value)) => {
                self.limits().succeeded(name, address, self.now());
                Ok(value)
            }
            // A code that counted before is no guess.
            Ok(Err(error @ (SignInError::Used | SignInError::Over))) => {
                self.limits().void(Some(name), address, self.now());
                Err(error)
            }
            Ok(Err(error)) => Err(error),
            Err(error) => {
                self.limits().void(Some(name), address, self.now());
                Err(error.into())
            }
        }
    }

    async fn worth(
        &self,
        tx: &mut Tx<'_>,
        session: &Hash,
        name: &UserName,
        proof: Proof<'_>,
        now: DateTime<Utc>,
    ) -> Result<Worth, StoreError> {
        let text = match proof {
            Proof::Code(text) => text,
            Proof::Passkey(answer) => {
                return Ok(match self.passkey(tx, session, answer, now).await? {
                    Ok(owner) if owner == *name => Worth::Right(Factor::Passkey),
                    Ok(_) => Worth::Wrong("the passkey is somebody else's".to_owned()),
                    Err(why) => Worth::Wrong(why),
                });
            }
        };
        match Code::read(text) {
            Some(Code::App(code)) => self.app_code(tx, name, &code, now).await,
            Some(Code::Recovery(code)) => {
                let taken = factors::take_recovery(tx, name, &code_hash(name, &code), now).await?;
                let wrong = Worth::Wrong("no recovery code, or a used one".to_owned());
                Ok(if taken { Worth::Right(Factor::Recovery) } else { wrong })
            }
            None => Ok(Worth::Wrong("no code".to_owned())),
        }
    }

    async fn app_code(
        &self,
        tx: &mut Tx<'_>,
        name: &UserName,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Worth, StoreError> {
        let Some(app) = factors::app(tx, name).await? else {
            return Ok(Worth::Wrong("no authenticator app".to_owned()));
        };
        let sealer = self.factors.sealer.as_ref();
        let Some(secret) = sealer.and_then(|sealer| sealer.open_sealed(&app.sealed, &about(name)))
        else {
            tracing::error!(user = %name, "secrets.key does not open the secret of an app");
            return Ok(Worth::Wrong("the secret cannot be opened".to_owned()));
        };
        let Some(step) = step(&secret, code, now) else {
            return Ok(Worth::Wrong("wrong code".to_owned()));
        };
        let taken = factors::take_step(tx, name, step, now).await?;
        Ok(if taken { Worth::Right(Factor::App) } else { Worth::Used })
    }

    /// Whose passkey answered the question of this session. The inner error says why nobody's.
    async fn passkey(
        &self,
        tx: &mut Tx<'_>,
        session: &Hash,
        answer: &str,
        now: DateTime<Utc>,
    ) -> Result<Result<UserName, String>, StoreError> {
        let state = ceremonies::take(tx, session, Kind::Passkey, since(now)).await?;
        let (Some(state), Some(passkeys)) = (state, &self.factors.passkeys) else {
            return Ok(Err("no passkey was asked for".to_owned()));
        };
        if answer.len() > ANSWER_MAX_BYTES {
            return Ok(Err("the device's answer is too long".to_owned()));
        }
        let used = match Passkeys::answered(answer) {
            Ok(used) => used,
            Err(why) => return Ok(Err(why)),
        };
        let Some(stored) = factors::passkey(tx, &used.id).await? else {
            return Ok(Err("an unknown passkey".to_owned()));
        };
        let kept = match passkeys.used(&used, state, &stored.credential) {
            Ok(kept) => kept,
            Err(why) => return Ok(Err(format!("passkey {}: {why}", stored.name))),
        };
        factors::used_passkey(tx, stored.id, &kept, now).await?;
        Ok(Ok(stored.owner))
    }
}

/// A sign-in whose password was right.
struct Pending {
    user: UserName,
    revision: i64,
}

impl Pending {
    fn read(state: &Value) -> Option<Self> {
        let user = UserName::new(state.get("user")?.as_str()?).ok()?;
        Some(Self { user, revision: state.get("revision")?.as_i64()? })
    }
}

/// Writes down a proof, right or wrong.
async fn note(
    tx: &mut Tx<'_>,
    by: &By,
    (action, name): (Action, &UserName),
    worth: &Worth,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (verdict, after): (Verdict<()>, Value) = match (worth, worth.refusal()) {
        (Worth::Right(factor), _) => (Ok(Change::default()), json!({ "with": factor })),
        (Worth::Used | Worth::Wrong(_), why) => {
            (Err(AccessError::NotFound), json!({ "user": name, "refused": why }))
        }
    };
    let mut event = event(by, action, object(name), &verdict, now);
    event.after = Some(after);
    audit::append(tx, &event).await.map(drop)
}

async fn note_done(
    tx: &mut Tx<'_>,
    by: &By,
    name: &UserName,
    with: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done: Verdict<()> =
        Ok(Change { after: Some(json!({ "with": with })), ..Change::default() });
    audit::append(tx, &event(by, Action::Confirm, object(name), &done, now)).await.map(drop)
}
