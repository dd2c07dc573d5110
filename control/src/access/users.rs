//! Users: making, changing, disabling, and what they change about themselves.

use mainstay_core::access::{
    FieldMistake, Grant, Mistake, Permission, Preferences, Target, User, decide,
};
use mainstay_core::approval::{ApprovalId, at_once};
use mainstay_core::audit::Action;
use mainstay_core::id::{ID_MAX_BYTES, IdError, UserName};
use mainstay_store::access::{self as rows, Account, NewUser, sessions};
use mainstay_store::{StoreError, Tx, audit};
use serde::Serialize;
use serde_json::{Value, json};

use super::grants::{Given, others};
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

/// A user after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    #[serde(flatten)]
    pub user: User,
    /// Where the rest of the roles waits for another admin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
}

impl Access {
    /// Makes a user. Roles that another admin has to allow wait for that.
    pub async fn make_user(&self, by: &By, make: &MakeUser) -> Result<Changed, AccessError> {
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
                    let given = Given { by, reason: "", now };
                    let verdict = insert(tx, new, &given).await?;
                    let event = event(by, Action::UserCreate, object(&new.name), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }

    /// Changes what a user may do, as it was at `revision`. More rights wait until another admin
    /// allows them; fewer count at once. Disabling ends the user's sessions and makes their tokens
    /// count for nothing.
    pub async fn change_user(
        &self,
        by: &By,
        name: &UserName,
        revision: i64,
        change: &ChangeUser,
        reason: &str,
    ) -> Result<Changed, AccessError> {
        let now = self.now();
        let action = match change {
            ChangeUser::Grants(_) | ChangeUser::Enable => Action::UserChange,
            ChangeUser::Disable => Action::UserDisable,
        };
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let given = Given { by, reason, now };
                    let verdict = apply(tx, name, revision, change, &given).await?;
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
    given: &Given<'_>,
) -> Result<Verdict<Changed>, StoreError> {
    let wanted = new.grants.clone();
    let second = given.needs_second(tx, &[], &wanted).await?;
    let grants = if second { at_once(&[], &wanted) } else { wanted.clone() };
    let new = NewUser { grants, ..new.clone() };
    if !rows::insert_user(tx, &new, given.now).await? {
        let taken = FieldMistake::new("name", Mistake::Taken);
        return Ok(Err(AccessError::Mistakes(vec![taken])));
    }
    let user = User {
        name: new.name,
        display_name: new.display_name,
        grants: new.grants,
        created_at: given.now,
        disabled_at: None,
        last_sign_in_at: None,
        revision: 1,
    };
    given.touch(tx, &user.name).await?;
    let approval = if second { Some(given.ask(tx, &user, wanted).await?) } else { None };
    let after = Some(shown(&user, approval));
    Ok(Ok(Change { value: Changed { user, approval }, before: None, after }))
}

async fn apply(
    tx: &mut Tx<'_>,
    name: &UserName,
    revision: i64,
    change: &ChangeUser,
    given: &Given<'_>,
) -> Result<Verdict<Changed>, StoreError> {
    let Some(Account { user, .. }) = rows::account(tx, name).await? else {
        return Ok(Err(AccessError::NotFound));
    };
    if user.revision != revision {
        let revision = user.revision;
        return Ok(Err(AccessError::Changed { revision }));
    }
    let mut changed = user.clone();
    let mut second = None;
    match change {
        ChangeUser::Grants(grants) if grants.is_empty() => {
            let none = FieldMistake::new("grants", Mistake::NoRole);
            return Ok(Err(AccessError::Mistakes(vec![none])));
        }
        ChangeUser::Grants(grants) if given.needs_second(tx, &user.grants, grants).await? => {
            changed.grants = at_once(&user.grants, grants);
            second = Some(grants.clone());
        }
        ChangeUser::Grants(grants) => changed.grants.clone_from(grants),
        ChangeUser::Disable => {
            changed.disabled_at = changed.disabled_at.or(Some(given.now));
        }
        ChangeUser::Enable => changed.disabled_at = None,
    }
    if manages(&user) && !manages(&changed) && !others(tx, &[name.as_str()]).await? {
        return Ok(Err(AccessError::LastAdmin));
    }
    if !rows::update_user(tx, &changed).await? {
        return Ok(Err(AccessError::Changed { revision }));
    }
    changed.revision += 1;
    if let ChangeUser::Grants(_) = change {
        given.touch(tx, name).await?;
    }
    if changed.disabled_at.is_some() {
        sessions::delete_of_user(tx, name, None).await?;
    }
    let approval = match second {
        Some(wanted) => Some(given.ask(tx, &changed, wanted).await?),
        None => None,
    };
    let (before, after) = (Some(shown(&user, None)), Some(shown(&changed, approval)));
    Ok(Ok(Change { value: Changed { user: changed, approval }, before, after }))
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
pub(super) fn manages(user: &User) -> bool {
    user.disabled_at.is_none()
        && decide(Some(&user.grants), Permission::ManageAccess, Target::default()).is_ok()
}

/// A user as the audit log shows it, and where more rights wait.
pub(super) fn shown(user: &User, approval: Option<ApprovalId>) -> Value {
    let mut shown = json!({
        "display_name": user.display_name,
        "grants": user.grants,
        "disabled": user.disabled_at.is_some(),
    });
    if let Some(approval) = approval {
        shown["approval"] = json!(approval);
    }
    shown
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
