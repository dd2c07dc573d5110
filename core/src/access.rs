//! Who may do what: roles, their scope, and the one function that answers.

pub mod factor;
pub mod identity;
mod mistake;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use mistake::{FieldMistake, Mistake};

use crate::id::{DatacenterId, GroupId, UserName};

/// For so long after somebody proved who they are, they may do what asks for it.
pub const FRESH_MINUTES: i64 = 5;

/// What a person or a token is trusted with. A user has one or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reads the estate.
    Viewer,
    /// Acts on what runs: replaces, rolls out, rolls back, fails over.
    Operator,
    /// Is the second person for what loses data.
    Approver,
    /// Reads the estate and the audit log, exports it, verifies it.
    Auditor,
    /// Manages users, tokens, agents and the fleet.
    Admin,
}

impl Role {
    pub const ALL: [Self; 5] =
        [Self::Viewer, Self::Operator, Self::Approver, Self::Auditor, Self::Admin];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Where a role counts. Both empty: everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Service groups; empty: all.
    #[serde(default)]
    pub groups: BTreeSet<GroupId>,
    /// Data centres; empty: all.
    #[serde(default)]
    pub datacenters: BTreeSet<DatacenterId>,
}

impl Scope {
    /// Whether everything in `self` is also in `outer`.
    pub fn within(&self, outer: &Self) -> bool {
        fn inside<T: Ord>(inner: &BTreeSet<T>, outer: &BTreeSet<T>) -> bool {
            outer.is_empty() || (!inner.is_empty() && inner.is_subset(outer))
        }
        inside(&self.groups, &outer.groups) && inside(&self.datacenters, &outer.datacenters)
    }

    /// What is in both; `None` when nothing is.
    pub fn both(&self, other: &Self) -> Option<Self> {
        fn both<T: Ord + Clone>(a: &BTreeSet<T>, b: &BTreeSet<T>) -> Option<BTreeSet<T>> {
            if a.is_empty() || b.is_empty() {
                return Some(if a.is_empty() { b.clone() } else { a.clone() });
            }
            let common: BTreeSet<T> = a.intersection(b).cloned().collect();
            (!common.is_empty()).then_some(common)
        }
        Some(Self {
            groups: both(&self.groups, &other.groups)?,
            datacenters: both(&self.datacenters, &other.datacenters)?,
        })
    }
}

/// What a request wants to do. Every route names exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Anyone, signed in or not (sign-in itself, health, static files).
    Public,
    /// Anyone signed in, on their own account.
    OwnAccount,
    /// Read the estate.
    ReadEstate,
    /// Read and export the audit log.
    ReadAudit,
    /// Act on instances and services.
    Operate,
    /// Be the second person for what loses data.
    Approve,
    /// Say no to what waits for a second person; whoever asked for it may as well.
    Refuse,
    /// Read users, tokens and agents.
    ReadAccess,
    /// Change users, tokens and agents.
    ManageAccess,
    /// Change the fleet.
    ManageFleet,
}

impl Permission {
    /// Roles that carry it; one of them is enough.
    pub const fn roles(self) -> &'static [Role] {
        use Role::{Admin, Approver, Auditor, Operator, Viewer};
        match self {
            Self::Public | Self::OwnAccount | Self::ReadEstate => {
                &[Viewer, Operator, Approver, Auditor, Admin]
            }
            Self::ReadAudit => &[Auditor, Approver, Operator, Admin],
            Self::Operate => &[Operator, Admin],
            Self::Approve => &[Approver, Admin],
            Self::Refuse => &[Operator, Approver, Admin],
            Self::ReadAccess => &[Auditor, Admin],
            Self::ManageAccess | Self::ManageFleet => &[Admin],
        }
    }
}

/// A role held over a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub role: Role,
    #[serde(default)]
    pub scope: Scope,
}

/// Whether nothing in `grants` goes beyond `holder`: a token is never given more than its maker.
pub fn within(grants: &[Grant], holder: &[Grant]) -> bool {
    grants.iter().all(|grant| {
        holder.iter().any(|held| held.role == grant.role && grant.scope.within(&held.scope))
    })
}

/// What of `grants` its owner still holds: what a token counts for at the moment it is used.
pub fn limited(grants: &[Grant], owner: &[Grant]) -> Vec<Grant> {
    grants
        .iter()
        .flat_map(|grant| {
            owner
                .iter()
                .filter(|held| held.role == grant.role)
                .filter_map(|held| grant.scope.both(&held.scope))
                .map(|scope| Grant { role: grant.role, scope })
        })
        .collect()
}

/// Light, dark, or what the device says (`Auto`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    #[default]
    Auto,
    Light,
    Dark,
}

/// Height of rows and controls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Density {
    #[default]
    Compact,
    Comfortable,
}

/// A language of the console.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "it")]
    Italian,
    #[serde(rename = "ru")]
    Russian,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::English, Self::Italian, Self::Russian];

    /// Its tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Italian => "it",
            Self::Russian => "ru",
        }
    }

    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }
}

/// How a user wants the console to look and behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    pub theme: Theme,
    pub density: Density,
    /// `None`: as the browser asks.
    pub language: Option<Language>,
    pub time_zone: Tz,
    /// Single-key shortcuts.
    pub keys: bool,
    pub nav_collapsed: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            density: Density::default(),
            language: None,
            time_zone: Tz::UTC,
            keys: true,
            nav_collapsed: false,
        }
    }
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: UserName,
    pub display_name: String,
    pub grants: Vec<Grant>,
    pub created_at: DateTime<Utc>,
    pub disabled_at: Option<DateTime<Utc>>,
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// Revision for optimistic changes; rises by one with each.
    pub revision: i64,
}

/// A secret for programs; only its hash is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    pub id: i64,
    pub owner: UserName,
    pub name: String,
    /// Never more than the owner holds; the owner's own grants limit it at every use.
    pub grants: Vec<Grant>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A single-use invitation for the agent of one data centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinToken {
    pub id: i64,
    pub datacenter: DatacenterId,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

/// A client certificate that was given to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentCertificate {
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: String,
    pub datacenter: DatacenterId,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What an action touches, as far as scopes care.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target<'a> {
    pub group: Option<&'a GroupId>,
    pub datacenter: Option<&'a DatacenterId>,
}

/// Why an action is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refusal {
    /// Nobody is signed in.
    SignIn,
    /// None of the needed roles is held.
    Role { needs: Vec<Role> },
    /// A needed role is held, and not here.
    Scope { role: Role, scope: Scope },
    /// What is looked at is of the past.
    Past,
}

/// Whether somebody who proved at `confirmed_at` who they are need not do so again. The clocks of
/// two servers may differ, so a proof may lie a little ahead.
pub fn fresh(confirmed_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    confirmed_at.is_some_and(|at| (now - at).abs() < TimeDelta::minutes(FRESH_MINUTES))
}

/// Decides whether the holder of `grants` may do `permission` to `target`. `None`: nobody is
/// signed in.
///
/// An action without a target (a list, a page) needs the role in any scope; the estate is read
/// whole. An action with a target needs a grant whose scope covers each dimension of it. Managing
/// access and the fleet reaches everything, so it needs an unlimited scope.
pub fn decide(
    grants: Option<&[Grant]>,
    permission: Permission,
    target: Target<'_>,
) -> Result<(), Refusal> {
    if permission == Permission::Public {
        return Ok(());
    }
    let grants = grants.ok_or(Refusal::SignIn)?;
    if permission == Permission::OwnAccount {
        return Ok(());
    }
    let needs = permission.roles();
    let mut held = grants.iter().filter(|grant| needs.contains(&grant.role)).peekable();
    let Some(first) = held.peek().cloned() else {
        return Err(Refusal::Role { needs: needs.to_vec() });
    };
    let everywhere = matches!(permission, Permission::ManageAccess | Permission::ManageFleet);
    let covers = |scope: &Scope| {
        if everywhere {
            return *scope == Scope::default();
        }
        target.group.is_none_or(|id| scope.groups.is_empty() || scope.groups.contains(id))
            && target
                .datacenter
                .is_none_or(|id| scope.datacenters.is_empty() || scope.datacenters.contains(id))
    };
    if held.any(|grant| covers(&grant.scope)) {
        Ok(())
    } else {
        Err(Refusal::Scope { role: first.role, scope: first.scope.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(role: Role, datacenters: &[&str]) -> Grant {
        let datacenters =
            datacenters.iter().map(|id| DatacenterId::new(id).expect("an id")).collect();
        Grant { role, scope: Scope { groups: BTreeSet::new(), datacenters } }
    }

    #[test]
    fn a_proof_is_fresh_for_five_minutes() {
        let at = |s: i64| DateTime::from_timestamp(1_800_000_000 + s, 0).expect("a time");
        for (confirmed, now, expected) in [
            (None, 0, false),
            (Some(0), 0, true),
            (Some(0), 299, true),
            (Some(0), 300, false),
            (Some(2), 0, true),
            (Some(86_400), 0, false),
        ] {
            assert_eq!(fresh(confirmed.map(at), at(now)), expected, "{confirmed:?} at {now}");
        }
    }

    #[test]
    fn denied_without_sign_in_or_role() {
        let target = Target::default();
        assert_eq!(decide(None, Permission::Public, target), Ok(()));
        assert_eq!(decide(None, Permission::ReadEstate, target), Err(Refusal::SignIn));
        assert_eq!(decide(Some(&[]), Permission::OwnAccount, target), Ok(()));
        assert!(decide(Some(&[]), Permission::ReadEstate, target).is_err());
        let viewer = [grant(Role::Viewer, &[])];
        assert_eq!(decide(Some(&viewer), Permission::ReadEstate, target), Ok(()));
        assert!(matches!(
            decide(Some(&viewer), Permission::Operate, target),
            Err(Refusal::Role { .. })
        ));
    }

    #[test]
    fn a_scope_limits_where_and_never_widens() {
        let fra1 = DatacenterId::new("fra1").expect("an id");
        let sin1 = DatacenterId::new("sin1").expect("an id");
        let here = [grant(Role::Operator, &["fra1"])];
        let at = |datacenter| Target { group: None, datacenter: Some(datacenter) };
        assert_eq!(decide(Some(&here), Permission::Operate, at(&fra1)), Ok(()));
        assert!(matches!(
            decide(Some(&here), Permission::Operate, at(&sin1)),
            Err(Refusal::Scope { .. })
        ));
        let narrow_admin = [grant(Role::Admin, &["fra1"])];
        assert!(decide(Some(&narrow_admin), Permission::ManageFleet, Target::default()).is_err());
        let admin = [grant(Role::Admin, &[])];
        assert_eq!(decide(Some(&admin), Permission::ManageFleet, Target::default()), Ok(()));
    }

    #[test]
    fn a_token_is_within_its_owner_and_limited_by_the_owner_of_the_day() {
        let all = [grant(Role::Operator, &[])];
        let fra = [grant(Role::Operator, &["fra1"])];
        let two = [grant(Role::Operator, &["fra1", "sin1"])];
        let sin = [grant(Role::Operator, &["sin1"])];
        for (inner, outer, expected) in [
            (&fra, &all, true),
            (&fra, &two, true),
            (&all, &fra, false),
            (&two, &fra, false),
            (&sin, &fra, false),
        ] {
            assert_eq!(within(inner, outer), expected, "{inner:?} in {outer:?}");
        }
        assert!(!within(&[grant(Role::Admin, &[])], &all));
        assert_eq!(limited(&all, &fra), fra);
        assert_eq!(limited(&two, &fra), fra);
        assert_eq!(limited(&sin, &fra), []);
        assert_eq!(limited(&fra, &[grant(Role::Viewer, &[])]), []);
    }

    #[test]
    fn a_language_is_kept_by_its_tag_and_old_rows_have_none() {
        let read = |text: &str| serde_json::from_str::<Preferences>(text).expect("preferences");
        assert_eq!(read(r#"{"theme":"dark","time_zone":"UTC"}"#).language, None);
        for language in Language::ALL {
            let tag = language.tag();
            assert_eq!(read(&format!(r#"{{"language":"{tag}"}}"#)).language, Some(language));
            assert_eq!(Language::from_tag(tag), Some(language));
        }
        assert_eq!(Language::from_tag("auto"), None);
    }
}
