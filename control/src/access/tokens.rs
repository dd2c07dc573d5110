//! API tokens: secrets for programs, of the form `mat_…`.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::access::{ApiToken, FieldMistake, Grant, Mistake, User, limited, within};
use mainstay_core::audit::Action;
use mainstay_core::id::UserName;
use mainstay_store::access::Account;
use mainstay_store::access::tokens::{self as rows, NewToken};
use mainstay_store::{StoreError, Tx, audit};
use serde_json::{Value, json};

use super::{Access, AccessError, By, Change, Verdict, digest, event, random, title};

/// What every token starts with, so that a leaked one can be found by scanners.
pub const TOKEN_PREFIX: &str = "mat_";
/// Longest life of a token, in days.
pub const TOKEN_DAYS_MAX: i64 = 90;
/// Prefix and 256 bits of base64url.
const TOKEN_BYTES: usize = TOKEN_PREFIX.len() + 43;

/// What somebody writes to make a token of their own.
#[derive(Clone, Debug)]
pub struct MakeToken {
    pub name: String,
    pub grants: Vec<Grant>,
    /// From 1 to [`TOKEN_DAYS_MAX`].
    pub days: i64,
}

impl MakeToken {
    /// Everything that is not accepted of somebody who holds `holds`, in the order of the fields.
    pub fn mistakes(&self, holds: &[Grant]) -> Vec<FieldMistake> {
        let mut mistakes = Vec::new();
        let _ = title("name", &self.name, &mut mistakes);
        if !(1..=TOKEN_DAYS_MAX).contains(&self.days) {
            let (least, most) = (1, TOKEN_DAYS_MAX);
            mistakes.push(FieldMistake::new("days", Mistake::Range { least, most }));
        }
        if self.grants.is_empty() {
            mistakes.push(FieldMistake::new("grants", Mistake::NoRole));
        } else if !within(&self.grants, holds) {
            mistakes.push(FieldMistake::new("grants", Mistake::BeyondOwner));
        }
        mistakes
    }
}

/// A token that counts now.
#[derive(Clone, Debug)]
pub struct Authenticated {
    pub token: ApiToken,
    pub owner: Account,
    /// What the token counts for: never more than the owner holds today.
    pub grants: Vec<Grant>,
}

impl Access {
    /// Whose token this is and what it counts for; `None` for anything that is not one now.
    pub async fn authenticate(&self, text: &str) -> Result<Option<Authenticated>, StoreError> {
        if !text.starts_with(TOKEN_PREFIX) || text.len() != TOKEN_BYTES {
            return Ok(None);
        }
        let found = rows::load(self.store.reads(), &digest(text), self.now()).await?;
        Ok(found.map(|(token, owner)| Authenticated {
            grants: limited(&token.grants, &owner.user.grants),
            token,
            owner,
        }))
    }

    /// Makes a token for `owner` and returns it with its text, which cannot be had again.
    ///
    /// `holds` is what the maker counts for at this moment and `until` when that ends: a token
    /// that makes a token gives neither more nor longer than it has itself.
    pub async fn make_token(
        &self,
        by: &By,
        owner: &User,
        (holds, until): (&[Grant], Option<DateTime<Utc>>),
        make: &MakeToken,
    ) -> Result<(ApiToken, String), AccessError> {
        let mistakes = make.mistakes(holds);
        if !mistakes.is_empty() {
            let error = AccessError::Mistakes(mistakes);
            let tokens = "/settings/tokens".to_owned();
            return self.refuse(by, Action::TokenCreate, tokens, error).await;
        }
        let now = self.now();
        let text = format!("{TOKEN_PREFIX}{}", random());
        let expires_at = now + TimeDelta::days(make.days);
        let new = &NewToken {
            hash: digest(&text),
            owner: owner.name.clone(),
            name: make.name.trim().to_owned(),
            grants: make.grants.clone(),
            expires_at: until.map_or(expires_at, |until| expires_at.min(until)),
        };
        let token = self
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    let verdict = insert(tx, new, now).await?;
                    let object = match &verdict {
                        Ok(change) => object(change.value.id),
                        Err(_) => "/settings/tokens".to_owned(),
                    };
                    let event = event(by, Action::TokenCreate, object, &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)?;
        Ok((token, text))
    }

    /// Revokes a token, at once and for good: one's own, or anybody's if `anybodys`.
    pub async fn revoke_token(
        &self,
        by: &By,
        id: i64,
        user: &UserName,
        anybodys: bool,
    ) -> Result<(), AccessError> {
        let now = self.now();
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let verdict = match rows::get(tx, id).await? {
                        Some(token) if anybodys || token.owner == *user => {
                            let first = rows::revoke(tx, id, now).await?;
                            Ok(Change {
                                value: (),
                                before: Some(shown(&token.owner, &token.name, &token.grants)),
                                after: Some(json!({ "revoked": true, "again": !first })),
                            })
                        }
                        Some(_) | None => Err(AccessError::NotFound),
                    };
                    let event = event(by, Action::TokenRevoke, object(id), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }
}

async fn insert(
    tx: &mut Tx<'_>,
    new: &NewToken,
    now: DateTime<Utc>,
) -> Result<Verdict<ApiToken>, StoreError> {
    let Some(id) = rows::insert(tx, new, now).await? else {
        let taken = FieldMistake::new("name", Mistake::Taken);
        return Ok(Err(AccessError::Mistakes(vec![taken])));
    };
    let value = ApiToken {
        id,
        owner: new.owner.clone(),
        name: new.name.clone(),
        grants: new.grants.clone(),
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let mut after = shown(&new.owner, &new.name, &new.grants);
    after["expires_at"] = json!(new.expires_at);
    Ok(Ok(Change { value, before: None, after: Some(after) }))
}

fn shown(owner: &UserName, name: &str, grants: &[Grant]) -> Value {
    json!({ "owner": owner, "name": name, "grants": grants })
}

fn object(id: i64) -> String {
    format!("/settings/tokens/{id}")
}
