//! Short links: what they may lead to, how they stand, and when one needs a person.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::FLEET;
use crate::estate::Estate;
use crate::fleet::read;
use crate::id::AliasId;
use crate::problem::Problem;
use crate::runbook::alias::{Alias, Aliases, Health, Mistake, Wanted, problems, target};
use crate::runbook::shelf::Shelf;

fn now() -> DateTime<Utc> {
    "2026-11-30T12:00:00Z".parse().expect("a time")
}

fn estate() -> Estate {
    let fleet = read::read(FLEET).expect("a good fleet");
    Estate { fleet: Arc::new(fleet), fleet_revision: 1, at: now(), ..Estate::default() }
}

fn alias(target: &str, reviewed_days: i64, used_days: Option<i64>) -> Alias {
    Alias {
        id: AliasId::new("lag").expect("an id"),
        target: target.into(),
        owner: "store team".into(),
        note: String::new(),
        reviewed: now().date_naive() - TimeDelta::days(reviewed_days),
        changed_at: now(),
        changed_by: "ann".into(),
        last_used_at: used_days.map(|days| now() - TimeDelta::days(days)),
        revision: 1,
    }
}

#[test]
fn a_short_link_never_leads_off_this_site() {
    for good in ["/", "/services/shop?x=//y#z", "/runbooks/service-down#step-2", "/audit/7"] {
        assert_eq!(target(good), Ok(()), "{good}");
    }
    for foreign in [
        "",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/..//evil.example",
        "/%2e%2E//x",
        " /dc/fra1",
        "/a\nb",
        "shop",
    ] {
        assert_eq!(target(foreign), Err(Mistake::Foreign), "{foreign:?}");
    }
    for on in ["/go/lag", "/sign-in?next=/x", "/sign-out"] {
        assert_eq!(target(on), Err(Mistake::LeadsOn), "{on}");
    }
    assert_eq!(target("/no/such/page"), Err(Mistake::NoPage));
}

#[test]
fn what_is_written_is_told_with_every_mistake() {
    let wanted = |id: &str, target: &str, owner: &str| Wanted {
        id: id.into(),
        target: target.into(),
        owner: owner.into(),
        note: String::new(),
    };
    let (id, read) = wanted(" lag ", " /topology ", " store ").read().expect("good");
    assert_eq!(
        (id.as_str(), read.target.as_str(), read.owner.as_str()),
        ("lag", "/topology", "store")
    );
    let mistakes = wanted("Lag!", "//x", "").read().expect_err("bad");
    let fields: Vec<_> = mistakes.iter().map(Mistake::field).collect();
    assert_eq!(fields, ["alias", "target", "owner"]);
}

#[test]
fn only_a_dead_one_that_is_used_needs_a_person() {
    let (estate, shelf) = (estate(), Shelf::library());
    for (alias, health, needs) in [
        (alias("/services/shop", 1, Some(1)), Health::Good, false),
        (alias("/services/cart", 1, Some(1)), Health::Dead, true),
        (alias("/services/cart", 1, Some(31)), Health::Dead, false),
        (alias("/services/cart", 1, None), Health::Dead, false),
        (alias("/instances/shop-fra1-1", 1, Some(1)), Health::Dead, false),
        (alias("/services/shop", 181, Some(1)), Health::Overdue, false),
        (alias("/services/cart", 181, Some(1)), Health::Dead, true),
        (alias("/runbooks/nothing", 1, Some(1)), Health::Dead, true),
    ] {
        let aliases: Aliases = [(alias.id.clone(), alias.clone())].into();
        assert_eq!(alias.health(&estate, &shelf, &aliases), health, "{}", alias.target);
        let found = problems(&aliases, &estate, &shelf);
        let expected = Problem::AliasDead { alias: alias.id.clone(), target: alias.target.clone() };
        assert_eq!(found, if needs { vec![expected] } else { vec![] }, "{}", alias.target);
    }
}
