//! How the vocabulary of core is said.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::access::{Refusal, Role, Scope};
use mainstay_core::estate::{Cause, Contact, InstanceState};
use mainstay_core::fleet::{LocalNeed, Vendor};
use mainstay_core::status::{Status, Tally};

use crate::t;
use crate::text::{clock, duration, number};

pub fn status(status: Status) -> String {
    match status {
        Status::Failing => t!("status-failing"),
        Status::Degraded => t!("status-degraded"),
        Status::Unknown => t!("status-unknown"),
        Status::Planned => t!("status-planned"),
        Status::Updating => t!("status-updating"),
        Status::Healthy => t!("status-healthy"),
    }
}

/// `3 failing`.
pub fn status_count(status: Status, n: u32) -> String {
    let count = number(n);
    match status {
        Status::Failing => t!("status-count-failing", count = count),
        Status::Degraded => t!("status-count-degraded", count = count),
        Status::Unknown => t!("status-count-unknown", count = count),
        Status::Planned => t!("status-count-planned", count = count),
        Status::Updating => t!("status-count-updating", count = count),
        Status::Healthy => t!("status-count-healthy", count = count),
    }
}

/// `3 failing, 14 healthy`.
pub fn tally(tally: &Tally) -> String {
    list(tally.present().map(|(status, n)| status_count(status, n)))
}

/// Items with commas between.
pub fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let separator = t!("list-separator");
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push_str(&separator);
        }
        text.push_str(item.as_ref());
    }
    text
}

/// The state of an instance in its own words, without the cause.
pub fn state(state: &InstanceState, now: DateTime<Utc>) -> String {
    match state {
        InstanceState::Starting => t!("state-starting"),
        InstanceState::Serving => t!("state-serving"),
        InstanceState::Unhealthy { .. } => t!("state-unhealthy"),
        InstanceState::Waiting { retry_at, .. } => {
            t!("state-waiting", at = crate::text::clock_seconds(*retry_at, now))
        }
        InstanceState::Draining => t!("state-draining"),
    }
}

pub fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Exited { code } => t!("cause-exited", code = code.to_string()),
        Cause::Killed { signal } => t!("cause-killed", signal = signal.to_string()),
        Cause::Vanished => t!("cause-vanished"),
        Cause::NotStarted { message } => t!("cause-not-started", message = message.as_str()),
        Cause::HealthStatus { code } => t!("cause-health-status", code = code.to_string()),
        Cause::HealthTimeout { after_ms } => {
            let after = if after_ms.is_multiple_of(1000) {
                duration(TimeDelta::milliseconds(i64::from(*after_ms)))
            } else {
                t!("duration-ms", n = number(*after_ms))
            };
            t!("cause-health-timeout", after = after)
        }
        Cause::HealthRefused { message } => {
            t!("cause-health-refused", message = message.as_str())
        }
    }
}

/// What an agent says of an instance, or that it does not say.
pub fn known(value: Option<&str>) -> String {
    value.map_or_else(|| t!("unknown-word"), str::to_owned)
}

pub fn contact(contact: Contact, now: DateTime<Utc>) -> String {
    match contact {
        Contact::Never => t!("contact-never"),
        Contact::Reporting => t!("contact-reporting"),
        Contact::Silent { since } => t!("contact-silent", since = clock(since, now)),
    }
}

pub fn vendor(vendor: &Vendor) -> String {
    match vendor {
        Vendor::OnPremises => t!("vendor-on-premises"),
        Vendor::Cloud(name) => name.clone(),
    }
}

pub fn need(need: LocalNeed) -> String {
    match need {
        LocalNeed::Warehouses => t!("need-warehouses"),
        LocalNeed::Couriers => t!("need-couriers"),
    }
}

pub fn role(role: Role) -> String {
    match role {
        Role::Viewer => t!("role-viewer"),
        Role::Operator => t!("role-operator"),
        Role::Approver => t!("role-approver"),
        Role::Auditor => t!("role-auditor"),
        Role::Admin => t!("role-admin"),
    }
}

/// `operator or admin`.
pub fn roles(held: &[Role]) -> String {
    let Some((last, rest)) = held.split_last() else {
        return String::new();
    };
    if rest.is_empty() {
        return role(*last);
    }
    t!("role-or", first = list(rest.iter().map(|r| role(*r))), last = role(*last))
}

/// Where a role counts: `everywhere`, `groups social, telemetry`.
pub fn scope(scope: &Scope) -> String {
    let groups = list(scope.groups.iter().map(|id| id.as_str()));
    let datacenters = list(scope.datacenters.iter().map(|id| id.as_str()));
    match (groups.is_empty(), datacenters.is_empty()) {
        (true, true) => t!("scope-everywhere"),
        (false, true) => t!("scope-groups", names = groups),
        (true, false) => t!("scope-datacenters", names = datacenters),
        (false, false) => t!("scope-both", groups = groups, datacenters = datacenters),
    }
}

/// Why an action is refused, as the sentence beside the disabled button.
pub fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::SignIn => t!("refusal-sign-in"),
        Refusal::Role { needs } => t!("refusal-role", roles = roles(needs)),
        Refusal::Scope { role: held, scope: only } => {
            t!("refusal-scope", role = role(*held), scope = scope(only))
        }
        Refusal::Past => t!("refusal-past"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_counts_causes_and_refusals() {
        assert_eq!(tally(&Tally([3, 0, 0, 0, 0, 1400])), "3 failing, 1,400 healthy");
        assert_eq!(tally(&Tally::default()), "");
        for (case, text) in [
            (Cause::Exited { code: 137 }, "ended with exit code 137"),
            (
                Cause::HealthTimeout { after_ms: 1500 },
                "health check did not answer within 1,500 ms",
            ),
        ] {
            assert_eq!(cause(&case), text);
        }
        assert_eq!(
            refusal(&Refusal::Role { needs: vec![Role::Operator, Role::Admin] }),
            "This needs the role operator or admin. You do not hold it."
        );
        let narrow = Scope {
            groups: [mainstay_core::id::GroupId::new("social").expect("an id")].into(),
            ..Scope::default()
        };
        assert_eq!(
            refusal(&Refusal::Scope { role: Role::Operator, scope: narrow }),
            "You are operator for groups social only. Ask an admin for more."
        );
    }
}
