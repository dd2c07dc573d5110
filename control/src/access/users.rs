//! Users: making, changing, disabling, and what they change about themselves.

use chrono::{DateTime, Utc};
use mainstay_core::access::{
    FieldMistake, Grant, Mistake, Permission, Preferences, Target, User, decide,
};
use mainstay_core::audit::Action;
use mainstay_core::id::{ID_MAX_BYTES, IdError, UserName};
use mainstay_store::access::{self as rows, Account, NewUser, sessions};
use mainstay_store::{StoreError, Tx, audit};
use serde_json::{Value, json};

use super::sign_in::check_password;
use super::{Access, AccessError, By, Change, Verdict, event, title};

/// What an admin writes to make a user, as typed.
#[derive(Clone, Debug)]
pub struct MakeUser {
    pub name: String,
    pub display_name: String,
    pub password: String,
    pub grants: Vec<Grant>,
}

impl MakeUser {
    /// Everything that is not accepted, in the order of the fields.
    pub fn mistakes(&self) -> Vec<FieldMistake> {
        let mut mistakes = Vec::new();
        let _ = new_name(&self.name, &mut mistakes);
        let _ = title("display_name", &self.display_name, &mut mistakes);
        check_password("password", &self.password, &self.name, &mut mistakes);
        if self.grants.is_empty() {
            mistakes.push(FieldMistake::new("grants", Mistake::NoRole));
        }
        mistakes
    }
}

/// What an admin changes about a user.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeUser {
    Grants(Vec<Grant>),
    Disable,
    Enable,
}

impl Access {
    /// Makes a user.
    pub async fn make_user(&self, by: &By, make: &MakeUser) -> Result<User, AccessError> {
        let mistakes = make.mistakes();
        let name = new_name(&make.name, &mut Vec::new());
        let (Some(name), true) = (name, mistakes.is_empty()) else {
            let users = "/settings/users".to_owned();
            let error = AccessError::Mistakes(mistakes);
            return self.refuse(by, Action::UserCreate, users, error).await;
        };
        let new = &NewUser {
            password_hash: self.passwords.hash(&make.password).await?,
            name,
            display_name: make.display_name.trim().to_owned(),
            grants: make.grants.clone(),
        };
        let now = self.now();
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let verdict = insert(tx, new, now).await?;
                    let event = event(by, Action::UserCreate, object(&new.name), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    /// Changes what a user may do, as it was at `revision`. Disabling ends the user's sessions
    /// and makes their tokens count for nothing.
    pub async fn change_user(
        &self,
        by: &By,
        name: &UserName,
        revision: i64,
        change: &ChangeUser,
    ) -> Result<User, AccessError> {
        let now = self.now();
        let action = match change {
            ChangeUser::Grants(_) | ChangeUser::Enable => Action::UserChange,
            ChangeUser::Disable => Action::UserDisable,
        };
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let verdict = apply(tx, name, revision, change, now).await?;
                    let event = event(by, action, object(name), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    /// Changes what users may change about themselves.
    pub async fn change_profile(
        &self,
        by: &By,
        name: &UserName,
        display_name: &str,
        preferences: &Preferences,
    ) -> Result<(), AccessError> {
        let mut mistakes = Vec::new();
        let display_name = title("display_name", display_name, &mut mistakes);
        if !mistakes.is_empty() {
            let error = AccessError::Mistakes(mistakes);
            return self.refuse(by, Action::ProfileChange, object(name), error).await;
        }
        let now = self.now();
        let display_name = display_name.as_str();
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let verdict = profile(tx, name, display_name, preferences).await?;
                    let event = event(by, Action::ProfileChange, object(name), &verdict, now);
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
    new: &NewUser,
    now: DateTime<Utc>,
) -> Result<Verdict<User>, StoreError> {
    if !rows::insert_user(tx, new, now).await? {
        let taken = FieldMistake::new("name", Mistake::Taken);
        return Ok(Err(AccessError::Mistakes(vec![taken])));
    }
    let user = User {
        name: new.name.clone(),
        display_name: new.display_name.clone(),
        grants: new.grants.clone(),
        created_at: now,
        disabled_at: None,
        last_sign_in_at: None,
        revision: 1,
    };
    Ok(Ok(Change { after: Some(shown(&user)), value: user, before: None }))
}

async fn apply(
    tx: &mut Tx<'_>,
    name: &UserName,
    revision: i64,
    change: &ChangeUser,
    now: DateTime<Utc>,
) -> Result<Verdict<User>, StoreError> {
    let Some(Account { user, .. }) = rows::account(tx, name).await? else {
        return Ok(Err(AccessError::NotFound));
    };
    if user.revision != revision {
        let revision = user.revision;
        return Ok(Err(AccessError::Changed { revision }));
    }
    let mut changed = user.clone();
    match change {
        ChangeUser::Grants(grants) if grants.is_empty() => {
            let none = FieldMistake::new("grants", Mistake::NoRole);
            return Ok(Err(AccessError::Mistakes(vec![none])));
        }
        ChangeUser::Grants(grants) => changed.grants.clone_from(grants),
        ChangeUser::Disable => changed.disabled_at = changed.disabled_at.or(Some(now)),
        ChangeUser::Enable => changed.disabled_at = None,
    }
    if manages(&user) && !manages(&changed) {
        let others = rows::enabled_admins(tx).await?;
        if !others.iter().any(|other| other.name != *name && manages(other)) {
            return Ok(Err(AccessError::LastAdmin));
        }
    }
    if !rows::update_user(tx, &changed).await? {
        return Ok(Err(AccessError::Changed { revision }));
    }
    changed.revision += 1;
    if changed.disabled_at.is_some() {
        sessions::delete_of_user(tx, name, None).await?;
    }
    Ok(Ok(Change { before: Some(shown(&user)), after: Some(shown(&changed)), value: changed }))
}

async fn profile(
    tx: &mut Tx<'_>,
    name: &UserName,
    display_name: &str,
    preferences: &Preferences,
) -> Result<Verdict<()>, StoreError> {
    let Some(account) = rows::account(tx, name).await? else {
        return Ok(Err(AccessError::NotFound));
    };
    rows::update_profile(tx, name, display_name, preferences).await?;
    let shown = |display_name: &str, preferences: &Preferences| -> Value {
        json!({
            "display_name": display_name,
            "preferences": preferences,
        })
    };
    Ok(Ok(Change {
        value: (),
        before: Some(shown(&account.user.display_name, &account.preferences)),
        after: Some(shown(display_name, preferences)),
    }))
}

/// Whether this user may manage access now.
fn manages(user: &User) -> bool {
    user.disabled_at.is_none()
        && decide(Some(&user.grants), Permission::ManageAccess, Target::default()).is_ok()
}

/// A user as the audit log shows it.
fn shown(user: &User) -> Value {
    json!({
        "display_name": user.display_name,
        "grants": user.grants,
        "disabled": user.disabled_at.is_some(),
    })
}

pub(super) fn object(name: &UserName) -> String {
    format!("/settings/users/{name}")
}

fn new_name(text: &str, mistakes: &mut Vec<FieldMistake>) -> Option<UserName> {
    let mistake = match UserName::new(text.trim()) {
        Ok(name) => return Some(name),
        Err(IdError::Empty) => Mistake::Missing,
        Err(IdError::TooLong) => Mistake::TooLong { most: ID_MAX_BYTES },
        Err(IdError::Character(_)) => Mistake::Form,
    };
    mistakes.push(FieldMistake::new("name", mistake));
    None
}
