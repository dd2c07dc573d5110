//! Approvals: what one person asks for and another has to allow, and what was done without and is
//! looked at afterwards.
//!
//! Owns the states of an approval and the one function that says who may answer it. Invariants:
//! whoever asked never answers; nobody answers for whom they made or changed the account lately;
//! only a person who has just proved who they are says yes; an answer is to the hash of what was
//! shown, and anything else voids it; what is over stays as it is.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::access::{Grant, Permission, Role, within};
use crate::backup::restore::RestoreId;
use crate::failover::RunId;
use crate::failover::rules::Rule;
use crate::id::{DatabaseId, DatacenterId, GroupId, ServiceId, UserName};
use crate::planned::EventId;
use crate::planned::check::Check;
use crate::rollout::RolloutId;

/// Shortest reason, in characters.
pub const REASON_MIN_CHARS: usize = 10;
/// What changes where requests go is asked for and answered within this time: the facts that it
/// was judged by do not last.
pub const ACT_VALID: TimeDelta = TimeDelta::minutes(15);
/// A change of roles waits for so long.
pub const GRANTS_VALID: TimeDelta = TimeDelta::hours(24);
/// Somebody else looks at what was done in an emergency within this time.
pub const REVIEW_WITHIN: TimeDelta = TimeDelta::hours(24);
/// Whoever made an account, or gave it its roles or its password, is not answered from it for so
/// long: a second account is no second person.
pub const PUPPET_FOR: TimeDelta = TimeDelta::hours(24);

/// `ap-12`: short, typeable, permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApprovalId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an approval's id is written ap- and a number, as in ap-12")]
pub struct ApprovalIdError;

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ap-{}", self.0)
    }
}

impl FromStr for ApprovalId {
    type Err = ApprovalIdError;

    fn from_str(text: &str) -> Result<Self, ApprovalIdError> {
        let number = text.strip_prefix("ap-").ok_or(ApprovalIdError)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| plain).map(Self).ok_or(ApprovalIdError)
    }
}

impl TryFrom<String> for ApprovalId {
    type Error = ApprovalIdError;

    fn try_from(text: String) -> Result<Self, ApprovalIdError> {
        text.parse()
    }
}

impl From<ApprovalId> for String {
    fn from(id: ApprovalId) -> Self {
        id.to_string()
    }
}

/// Whether it is answered before or after the deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing is done until a second person says yes.
    Permission,
    /// It was done in an emergency; somebody else says whether that was right.
    Review,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Review => "review",
        }
    }
}

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Subject {
    /// A failover that loses data or overrides a safety rule; `lose` is the plan's name.
    Failover { run: RunId, lose: String },
    /// A failover that runs waits for data no more, and may lose some.
    Force { run: RunId, lose: String },
    /// A failover that runs goes on against safety rules that it asks about.
    Override { run: RunId, lose: String, rules: BTreeSet<Rule> },
    /// A restore over a live database.
    Restore { restore: RestoreId, database: DatabaseId },
    /// A way back to a version that cannot read what the newer one wrote.
    RollBack { rollout: RolloutId, service: ServiceId, from: String, to: String },
    /// More rights for somebody; `revision`: of the user that was shown.
    Grants { user: UserName, revision: i64, before: Vec<Grant>, after: Vec<Grant> },
    /// To go without a check of a planned event; `content`: the fingerprint of what it said.
    Waiver { event: EventId, check: Check, content: String, until: DateTime<Utc> },
}

impl Subject {
    /// Name in lists and queries.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Failover { .. } => "failover",
            Self::Force { .. } => "force",
            Self::Override { .. } => "override",
            Self::Restore { .. } => "restore",
            Self::RollBack { .. } => "roll-back",
            Self::Grants { .. } => "grants",
            Self::Waiver { .. } => "waiver",
        }
    }

    /// The page of what it is about.
    pub fn path(&self) -> String {
        match self {
            Self::Failover { run, .. } | Self::Force { run, .. } | Self::Override { run, .. } => {
                format!("/failover/runs/{run}")
            }
            Self::Restore { restore, .. } => format!("/backups/restores/{restore}"),
            Self::RollBack { rollout, .. } => format!("/rollouts/{rollout}"),
            Self::Grants { user, .. } => format!("/settings/users/{user}"),
            Self::Waiver { event, .. } => format!("/events/{event}"),
        }
    }

    /// What there is one open request about at a time.
    pub fn key(&self) -> String {
        match self {
            Self::Failover { run, .. } => run.to_string(),
            Self::Force { run, .. } => Self::of_force(*run),
            Self::Override { run, rules, .. } => Self::of_override(*run, rules),
            Self::Restore { restore, .. } => restore.to_string(),
            Self::RollBack { rollout, .. } => rollout.to_string(),
            Self::Grants { user, .. } => Self::of_user(user),
            Self::Waiver { event, check, .. } => {
                format!("{}{}", Self::of_event(*event), check.name())
            }
        }
    }

    /// What [`Self::key`] of every waiver of an event begins with.
    pub fn of_event(event: EventId) -> String {
        format!("{event}/")
    }

    /// [`Self::key`] of what a run would do by force.
    pub fn of_force(run: RunId) -> String {
        format!("{run}/force")
    }

    /// [`Self::key`] of the rules that a run would go on against.
    pub fn of_override(run: RunId, rules: &BTreeSet<Rule>) -> String {
        let names: Vec<_> = rules.iter().map(|rule| rule.name()).collect();
        format!("{run}/override/{}", names.join(","))
    }

    /// [`Self::key`] of the roles of a user.
    pub fn of_user(user: &UserName) -> String {
        format!("user {user}")
    }

    /// What whoever answers must be allowed to.
    pub const fn needs(&self) -> Permission {
        match self {
            Self::Failover { .. }
            | Self::Force { .. }
            | Self::Override { .. }
            | Self::Restore { .. }
            | Self::RollBack { .. }
            | Self::Waiver { .. } => Permission::Approve,
            Self::Grants { .. } => Permission::ManageAccess,
        }
    }

    /// Fingerprint of what is shown and answered, where the subject is all of it.
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).expect("a subject has only string keys");
        let digest = Sha256::digest(json);
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Where it reaches: whoever answers holds the role for all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    pub groups: BTreeSet<GroupId>,
    pub datacenters: BTreeSet<DatacenterId>,
}

/// What is asked for, before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub kind: Kind,
    pub subject: Subject,
    /// Fingerprint of what was shown: of the plan, or [`Subject::hash`].
    pub hash: String,
    pub reach: Reach,
    /// The user, also where a token of theirs asked.
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
    /// Of a permission: void afterwards; of a review: due until then.
    pub until: DateTime<Utc>,
}

/// An approval as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub id: ApprovalId,
    pub kind: Kind,
    pub subject: Subject,
    pub hash: String,
    pub reach: Reach,
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum State {
    Waiting,
    /// Allowed; of a review: it was right.
    Approved {
        by: String,
        at: DateTime<Utc>,
    },
    /// Not allowed; of a review: it was not right, and why.
    Refused {
        by: String,
        why: String,
        at: DateTime<Utc>,
    },
    /// Whoever asked took it back, or it was stopped before anybody answered.
    Withdrawn {
        by: String,
        at: DateTime<Utc>,
    },
    /// Nobody answered in time.
    Expired {
        at: DateTime<Utc>,
    },
    /// What was asked for is not what stands any more.
    Void {
        why: String,
        at: DateTime<Utc>,
    },
}

impl State {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved { .. } => "approved",
            Self::Refused { .. } => "refused",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Expired { .. } => "expired",
            Self::Void { .. } => "void",
        }
    }

    pub const fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting)
    }
}

impl Approval {
    /// Whether nobody answered in time; a review stays open until somebody does.
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        self.state.is_waiting() && now >= self.until
    }

    /// The permission that nobody gave in time, as it is then.
    pub fn expired(&self, now: DateTime<Utc>) -> Option<State> {
        let expires = self.kind == Kind::Permission && self.is_late(now);
        expires.then_some(State::Expired { at: now })
    }

    pub fn path(&self) -> String {
        format!("/approvals/{}", self.id)
    }
}

/// What somebody says to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Answer {
    /// Of a permission: do it. Of a review: it was right.
    Approve,
    Refuse {
        why: String,
    },
    /// Whoever asked takes it back.
    Withdraw,
}

/// Who last made an account, or gave it roles or a password; never the account's own person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    pub by: String,
    pub at: DateTime<Utc>,
}

/// Whoever answers.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    pub name: &'a str,
    /// Whether they proved lately who they are; a program never does.
    pub confirmed: bool,
    pub touched: Option<&'a Touched>,
}

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refusal {
    #[error("{id} is {state} already")]
    Over { id: ApprovalId, state: String },
    #[error("nobody allowed {id} in time; ask again")]
    Expired { id: ApprovalId },
    #[error("{by} asked for it; a second person has to allow it")]
    SamePerson { by: String },
    #[error(
        "{by}, who asked for it, made your account or changed its roles or password less than {} \
         hours ago; somebody else has to answer", PUPPET_FOR.num_hours()
    )]
    Puppet { by: String },
    #[error(
        "confirm that it is you: sign in again within the last minutes, then answer; a token \
         cannot be a second person"
    )]
    NotConfirmed,
    #[error("only {by}, who asked for it, takes it back")]
    NotYours { by: String },
    #[error("what was done stands; a review is answered by somebody else")]
    NoWithdrawal,
    #[error("write the reason, at least {REASON_MIN_CHARS} characters")]
    NoReason,
    #[error("what was asked for is not what stands any more: {why}")]
    Void { why: String },
}

/// What becomes of an approval that is answered; its permission and scope were checked before.
pub fn answer(
    approval: &Approval,
    answer: &Answer,
    person: Person<'_>,
    now: DateTime<Utc>,
) -> Result<State, Refusal> {
    let id = approval.id;
    if !approval.state.is_waiting() {
        return Err(Refusal::Over { id, state: approval.state.name().to_owned() });
    }
    if approval.expired(now).is_some() {
        return Err(Refusal::Expired { id });
    }
    let (by, name) = (approval.by.clone(), person.name.to_owned());
    let own = by == name;
    match answer {
        Answer::Withdraw if approval.kind == Kind::Review => Err(Refusal::NoWithdrawal),
        Answer::Withdraw if own => Ok(State::Withdrawn { by: name, at: now }),
        Answer::Withdraw => Err(Refusal::NotYours { by }),
        // Saying no to one's own request is taking it back.
        Answer::Refuse { .. } if own && approval.kind == Kind::Permission => {
            Ok(State::Withdrawn { by: name, at: now })
        }
        Answer::Approve | Answer::Refuse { .. } if own => Err(Refusal::SamePerson { by }),
        Answer::Refuse { why } => {
            reason(why)?;
            if approval.kind == Kind::Review {
                second(approval, person, now)?;
            }
            Ok(State::Refused { by: name, why: why.trim().to_owned(), at: now })
        }
        Answer::Approve => {
            second(approval, person, now)?;
            Ok(State::Approved { by: name, at: now })
        }
    }
}

/// Whether this is a second person indeed.
fn second(approval: &Approval, person: Person<'_>, now: DateTime<Utc>) -> Result<(), Refusal> {
    if let Some(touched) = person.touched
        && touched.by == approval.by
        && now - touched.at < PUPPET_FOR
    {
        return Err(Refusal::Puppet { by: approval.by.clone() });
    }
    if person.confirmed { Ok(()) } else { Err(Refusal::NotConfirmed) }
}

/// A reason that says something.
pub fn reason(why: &str) -> Result<(), Refusal> {
    let long = why.trim().chars().count() >= REASON_MIN_CHARS;
    if long { Ok(()) } else { Err(Refusal::NoReason) }
}

/// What of a change of roles waits for a second person: rights that the user does not have yet.
/// Reading is given, and anything taken away, at once. `others`: there is somebody else who
/// could answer; without them one person decides, and the audit log says so.
pub fn waits(before: &[Grant], after: &[Grant], others: bool) -> bool {
    let reads = |grant: &&Grant| grant.role == Role::Viewer;
    let new = after.iter().filter(|grant| !reads(grant));
    others && !new.into_iter().all(|grant| within(std::slice::from_ref(grant), before))
}

/// What of new roles counts at once, while the rest waits.
pub fn at_once(before: &[Grant], after: &[Grant]) -> Vec<Grant> {
    let counts =
        |grant: &&Grant| grant.role == Role::Viewer || within(std::slice::from_ref(*grant), before);
    after.iter().filter(counts).cloned().collect()
}
