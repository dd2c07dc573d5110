//! Second factors: enrolling, removing, and taking them away from whoever lost theirs.
//!
//! Invariant: a secret is shown while it is enrolled and never again; recovery codes once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::access::factor::{
    CEREMONY_MINUTES, Code, Factors, PASSKEYS_MAX, RECOVERY_CODES, grouped,
};
use mainstay_core::access::{FieldMistake, Mistake, Role, User};
use mainstay_core::audit::Action;
use mainstay_core::id::UserName;
use mainstay_store::access::ceremonies::{self, Kind};
use mainstay_store::access::{self as rows, Hash, factors, sessions};
use mainstay_store::{StoreError, Tx, audit};
use rand::Rng as _;
use serde_json::{Value, json};
use totp_rs::{Builder, Totp};

use super::passkeys::{Passkeys, PublicUrl};
use super::seal::Sealer;
use super::users::object;
use super::{Access, AccessError, By, Change, Verdict, digest, event, title};

/// Bytes of the secret of an authenticator app (RFC 4226 recommends 160 bits).
const APP_SECRET_BYTES: usize = 20;
/// Longest answer of a device that is read, in bytes.
pub(super) const ANSWER_MAX_BYTES: usize = 16 * 1_024;
/// What authenticator apps call this console.
const ISSUER: &str = "Mainstay";

/// Which second factors there can be, and who has to have one.
#[derive(Debug, Default)]
pub struct FactorSettings {
    /// Seals the secrets of authenticator apps.
    pub sealer: Option<Arc<Sealer>>,
    /// Checks passkeys; without a public address there are none.
    pub passkeys: Option<Passkeys>,
    /// Roles whose holders have to have a second factor.
    pub required: BTreeSet<Role>,
}

impl FactorSettings {
    pub fn new(sealer: Sealer, url: Option<&PublicUrl>, required: BTreeSet<Role>) -> Self {
        Self { sealer: Some(Arc::new(sealer)), passkeys: url.map(Passkeys::new), required }
    }
}

/// An authenticator app that is being enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppOffer {
    /// `otpauth://…`, for the picture.
    pub uri: String,
    /// Base32, in groups of four.
    pub secret: String,
}

impl Access {
    /// The second factors of a user.
    pub async fn factors(&self, user: &UserName) -> Result<Factors, StoreError> {
        let mut db = self.store.reads().acquire().await?;
        factors::read(&mut db, user).await
    }

    /// Of these users, who has which second factor: an app, and how many passkeys.
    pub async fn factors_of(
        &self,
        users: &[UserName],
    ) -> Result<BTreeMap<UserName, (bool, u32)>, StoreError> {
        let mut db = self.store.reads().acquire().await?;
        let all = factors::of_users(&mut db, users).await?;
        Ok(all.into_iter().map(|(user, app, passkeys)| (user, (app, passkeys))).collect())
    }

    /// Begins to enrol an authenticator app: draws its secret. `None`: there is no key to seal it
    /// with, or the session is over.
    pub async fn begin_app(
        &self,
        user: &UserName,
        session: &Hash,
    ) -> Result<Option<AppOffer>, StoreError> {
        let Some(sealer) = &self.factors.sealer else { return Ok(None) };
        let secret: [u8; APP_SECRET_BYTES] = rand::rng().random();
        let sealed = STANDARD.encode(sealer.seal(&secret, &about(user)));
        let state = &json!({ "sealed": sealed });
        let begun = self.begin_ceremony(session, Kind::App, state).await?;
        Ok(begun.then(|| offer(&secret, user)).flatten())
    }

    /// The app that is being enrolled, once more.
    pub async fn app_offer(
        &self,
        user: &UserName,
        session: &Hash,
    ) -> Result<Option<AppOffer>, StoreError> {
        let mut db = self.store.acts().acquire().await?;
        let state = ceremonies::read(&mut db, session, Kind::App, since(self.now())).await?;
        Ok(state.and_then(|state| offer(&self.offered(&state, user)?, user)))
    }

    fn offered(&self, state: &Value, user: &UserName) -> Option<Vec<u8>> {
        let sealed = STANDARD.decode(state.get("sealed")?.as_str()?).ok()?;
        self.factors.sealer.as_ref()?.open_sealed(&sealed, &about(user))
    }

    /// Enrols the app whose first code this is; recovery codes, if the user had none.
    pub async fn finish_app(
        &self,
        by: &By,
        user: &UserName,
        session: &Hash,
        code: &str,
    ) -> Result<Vec<String>, AccessError> {
        let now = self.now();
        let codes = &draw_codes();
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let verdict = self.enrol_app(tx, user, session, (code, codes), now).await?;
                    let event = event(by, Action::FactorAdd, object(user), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    async fn enrol_app(
        &self,
        tx: &mut Tx<'_>,
        user: &UserName,
        session: &Hash,
        (code, codes): (&str, &[String]),
        now: DateTime<Utc>,
    ) -> Result<Verdict<Vec<String>>, StoreError> {
        let mistake =
            |mistake| Ok(Err(AccessError::Mistakes(vec![FieldMistake::new("code", mistake)])));
        let state = ceremonies::read(tx, session, Kind::App, since(now)).await?;
        let secret = state.and_then(|state| self.offered(&state, user));
        let (Some(secret), Some(sealer)) = (secret, &self.factors.sealer) else {
            return mistake(Mistake::Over);
        };
        let Some(step) = step(&secret, code, now) else { return mistake(Mistake::WrongCode) };
        let sealed = sealer.seal(&secret, &about(user));
        if !factors::insert_app(tx, user, &sealed, step, now).await? {
            return mistake(Mistake::Taken);
        }
        ceremonies::take(tx, session, Kind::App, since(now)).await?;
        let codes = first_codes(tx, user, codes, now).await?;
        Ok(Ok(Change { value: codes, before: None, after: Some(json!({ "factor": "app" })) }))
    }

    /// Removes the authenticator app.
    pub async fn remove_app(&self, by: &By, user: &UserName) -> Result<(), AccessError> {
        let now = self.now();
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let verdict = if factors::delete_app(tx, user).await? {
                        forget_codes(tx, user).await?;
                        removed(json!({ "factor": "app" }))
                    } else {
                        Err(AccessError::NotFound)
                    };
                    let event = event(by, Action::FactorRemove, object(user), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    /// Begins to enrol a passkey: the question for the device. `None`: there are no passkeys here,
    /// the user has as many as can be, or the session is over.
    pub async fn begin_passkey(
        &self,
        user: &User,
        session: &Hash,
    ) -> Result<Option<Value>, StoreError> {
        let (Some(passkeys), Some(sealer)) = (&self.factors.passkeys, &self.factors.sealer) else {
            return Ok(None);
        };
        let mut db = self.store.reads().acquire().await?;
        let known = factors::passkeys(&mut db, &user.name).await?;
        drop(db);
        if known.len() >= PASSKEYS_MAX {
            return Ok(None);
        }
        let known: Vec<Value> = known.into_iter().map(|key| key.credential).collect();
        let handle = sealer.handle(user.name.as_str());
        let Some((question, state)) = passkeys.ask_new(user, handle, &known) else {
            return Ok(None);
        };
        let begun = self.begin_ceremony(session, Kind::NewPasskey, &state).await?;
        Ok(begun.then_some(question))
    }

    /// Enrols the passkey that a device made; recovery codes, if the user had none.
    pub async fn finish_passkey(
        &self,
        by: &By,
        user: &UserName,
        session: &Hash,
        (name, answer): (&str, &str),
    ) -> Result<Vec<String>, AccessError> {
        let mut mistakes = Vec::new();
        let name = title("passkey_name", name, &mut mistakes);
        if answer.len() > ANSWER_MAX_BYTES || answer.is_empty() {
            mistakes.push(FieldMistake::new("passkey", Mistake::NoPasskey));
        }
        if !mistakes.is_empty() {
            let error = AccessError::Mistakes(mistakes);
            return self.refuse(by, Action::FactorAdd, object(user), error).await;
        }
        let now = self.now();
        let (name, codes) = (name.as_str(), &draw_codes());
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let made = (name, answer, codes.as_slice());
                    let verdict = self.enrol_passkey(tx, user, session, made, now).await?;
                    let event = event(by, Action::FactorAdd, object(user), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    async fn enrol_passkey(
        &self,
        tx: &mut Tx<'_>,
        user: &UserName,
        session: &Hash,
        (name, answer, codes): (&str, &str, &[String]),
        now: DateTime<Utc>,
    ) -> Result<Verdict<Vec<String>>, StoreError> {
        let mistake = |field: &str, mistake| {
            Ok(Err(AccessError::Mistakes(vec![FieldMistake::new(field, mistake)])))
        };
        let state = ceremonies::take(tx, session, Kind::NewPasskey, since(now)).await?;
        let (Some(state), Some(passkeys)) = (state, &self.factors.passkeys) else {
            return mistake("passkey", Mistake::Over);
        };
        let (id, kept) = match passkeys.made(answer, state) {
            Ok(made) => made,
            Err(why) => {
                tracing::info!(user = %user, why, "a passkey was not enrolled");
                return mistake("passkey", Mistake::NoPasskey);
            }
        };
        if !factors::insert_passkey(tx, user, name, (&id, &kept), now).await? {
            return mistake("passkey_name", Mistake::Taken);
        }
        let codes = first_codes(tx, user, codes, now).await?;
        let after = json!({ "factor": "passkey", "name": name });
        Ok(Ok(Change { value: codes, before: None, after: Some(after) }))
    }

    /// Removes a passkey.
    pub async fn remove_passkey(
        &self,
        by: &By,
        user: &UserName,
        id: i64,
    ) -> Result<(), AccessError> {
        let now = self.now();
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let verdict = match factors::delete_passkey(tx, user, id).await? {
                        Some(name) => {
                            forget_codes(tx, user).await?;
                            removed(json!({ "factor": "passkey", "name": name }))
                        }
                        None => Err(AccessError::NotFound),
                    };
                    let event = event(by, Action::FactorRemove, object(user), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    /// New recovery codes in the place of those before; for users with a second factor only.
    pub async fn new_codes(&self, by: &By, user: &UserName) -> Result<Vec<String>, AccessError> {
        let now = self.now();
        let codes = &draw_codes();
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let verdict = if factors::read(tx, user).await?.any() {
                        factors::replace_recovery(tx, user, &hashes(user, codes), now).await?;
                        let after = json!({ "codes": codes.len() });
                        Ok(Change { value: codes.clone(), before: None, after: Some(after) })
                    } else {
                        Err(AccessError::NotFound)
                    };
                    let event = event(by, Action::RecoveryCodes, object(user), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    /// Takes all second factors away from a user who lost theirs, as an admin does, and ends the
    /// user's sessions.
    pub async fn reset_factors(&self, by: &By, user: &UserName) -> Result<(), AccessError> {
        let now = self.now();
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let verdict = reset(tx, user).await?;
                    let event = event(by, Action::FactorReset, object(user), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    /// Writes down what a session began.
    pub(super) async fn begin_ceremony(
        &self,
        session: &Hash,
        kind: Kind,
        state: &Value,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        self.store
            .read_committed(|tx| {
                Box::pin(async move { ceremonies::begin(tx, session, kind, state, now).await })
            })
            .await
    }
}

async fn reset(tx: &mut Tx<'_>, user: &UserName) -> Result<Verdict<()>, StoreError> {
    if rows::account(tx, user).await?.is_none() {
        return Ok(Err(AccessError::NotFound));
    }
    let app = factors::delete_app(tx, user).await?;
    let passkeys = factors::delete_passkeys(tx, user).await?;
    factors::delete_recovery(tx, user).await?;
    let ended = sessions::delete_of_user(tx, user, None).await?;
    let before = json!({ "app": app, "passkeys": passkeys });
    let after = json!({ "sessions_ended": ended });
    Ok(Ok(Change { value: (), before: Some(before), after: Some(after) }))
}

/// The oldest moment at which something may have begun that is ended now.
pub(super) fn since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::minutes(CEREMONY_MINUTES)
}

/// What the secret of a user's app is sealed for.
pub(super) fn about(user: &UserName) -> String {
    format!("totp {user}")
}

/// The step whose code this is: the one of now, the one before or the one after.
pub(super) fn step(secret: &[u8], code: &str, now: DateTime<Utc>) -> Option<i64> {
    let Some(Code::App(code)) = Code::read(code) else { return None };
    let seconds = u64::try_from(now.timestamp()).ok()?;
    let step = totp(secret, None)?.check(&code, seconds)?;
    i64::try_from(step).ok()
}

fn totp(secret: &[u8], user: Option<&UserName>) -> Option<Totp> {
    let account = user.map(ToString::to_string).unwrap_or_default();
    let builder = Builder::new().with_secret(secret.to_vec());
    builder.with_account_name(account).with_issuer(Some(ISSUER)).build().ok()
}

fn offer(secret: &[u8], user: &UserName) -> Option<AppOffer> {
    let totp = totp(secret, Some(user))?;
    let secret = grouped(&totp.secret().to_base32(), " ");
    Some(AppOffer { uri: totp.to_url().ok()?, secret })
}

/// Recovery codes of 80 random bits, as they are shown: letters and digits that are not mistaken
/// for each other.
fn draw_codes() -> Vec<String> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let draw = || {
        let mut rng = rand::rng();
        let code = (0..16).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]));
        grouped(&code.collect::<String>(), "-")
    };
    (0..RECOVERY_CODES).map(|_| draw()).collect()
}

/// What is stored of a recovery code, from the form that [`Code::read`] makes of it.
pub(super) fn code_hash(user: &UserName, code: &str) -> Hash {
    digest(&format!("recovery {user} {code}"))
}

fn hashes(user: &UserName, codes: &[String]) -> Vec<Hash> {
    codes.iter().map(|code| code_hash(user, &code.replace('-', ""))).collect()
}

/// Gives out recovery codes with the first factor.
async fn first_codes(
    tx: &mut Tx<'_>,
    user: &UserName,
    codes: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    if factors::read(tx, user).await?.recovery_left > 0 {
        return Ok(Vec::new());
    }
    factors::replace_recovery(tx, user, &hashes(user, codes), now).await?;
    Ok(codes.to_vec())
}

/// Recovery codes go with the last factor: there is nothing left that they stand in for.
async fn forget_codes(tx: &mut Tx<'_>, user: &UserName) -> Result<(), StoreError> {
    if !factors::read(tx, user).await?.any() {
        factors::delete_recovery(tx, user).await?;
    }
    Ok(())
}

fn removed(before: Value) -> Verdict<()> {
    Ok(Change { value: (), before: Some(before), after: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_of_its_step_and_its_neighbours() {
        // RFC 6238, appendix B: the last six of eight digits at 59 s are 287082.
        let secret = b"12345678901234567890";
        let at = |seconds| DateTime::from_timestamp(seconds, 0).expect("a time");
        assert_eq!(step(secret, "287082", at(59)), Some(1));
        assert_eq!(step(secret, "287 082", at(0)), Some(1));
        assert_eq!(step(secret, "287082", at(89)), Some(1));
        assert_eq!(step(secret, "287082", at(90)), None);
        assert_eq!(step(secret, "287083", at(59)), None);
        assert_eq!(step(secret, "", at(59)), None);
        let ann = UserName::new("ann").expect("a name");
        let offer = offer(secret, &ann).expect("an offer");
        assert!(offer.uri.starts_with("otpauth://totp/Mainstay:ann?secret=GEZDGNBVGY3TQOJQ"));
        assert!(offer.secret.starts_with("GEZD GNBV GY3T"), "{}", offer.secret);
    }

    #[test]
    fn recovery_codes_are_read_back_and_differ() {
        let codes = draw_codes();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), RECOVERY_CODES);
        let ann = UserName::new("ann").expect("a name");
        let Some(Code::Recovery(read)) = Code::read(&codes[0]) else { panic!("{}", codes[0]) };
        assert_eq!(code_hash(&ann, &read), hashes(&ann, &codes)[0]);
    }
}
