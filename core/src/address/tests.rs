//! Addresses: what is one, what it names, where it leads when its object was renamed.

use std::sync::Arc;

use super::*;
use crate::fleet::read;

const FLEET: &str = r#"name = "test"
[[region]]
id = "north"
time_zone = "Europe/Oslo"
was = ["nordic"]
[[datacenter]]
id = "fra1"
region = "north"
vendor = "on-premises"
was = ["fra"]
[[datacenter]]
id = "osl1"
region = "north"
vendor = "on-premises"
[[group]]
id = "store"
priority = 1
[[service]]
id = "shop-api"
group = "store"
placement = "distributed"
nodes = 2
version = "1"
was = ["shop", "web"]
[[service]]
id = "shop-web"
group = "store"
placement = "distributed"
nodes = 2
version = "1"
was = ["web"]
"#;

fn estate() -> Estate {
    let fleet = read::read(FLEET).expect("a good fleet");
    Estate { fleet: Arc::new(fleet), fleet_revision: 1, ..Estate::default() }
}

#[test]
fn only_paths_of_this_site_are_addresses() {
    for good in ["/", "/dc/fra1?tab=a//b#top", "/runbooks/service-down#step-3", "/audit/7"] {
        assert!(parse(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "topology",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "/a b",
        "javascript:alert(1)",
        "/..//evil.example",
        "/%2e%2E/evil",
        "/no/such/page",
        "/services/",
        "/audit/7\n",
        "/ü",
    ] {
        assert_eq!(parse(bad), None, "{bad:?}");
    }
    assert_eq!(parse(&format!("/find?q={}", "a".repeat(3_000))), None);
    assert_eq!(parse("/runbooks/runs").map(|it| it.pattern), Some("/runbooks/runs"));
    assert_eq!(parse("/audit/verify").map(|it| it.pattern), Some("/audit/verify"));
}

#[test]
fn an_address_stands_as_what_it_names_does() {
    let estate = estate();
    let (shelf, aliases) = (Shelf::library(), Aliases::default());
    let look = |address: &str| look(address, &estate, &shelf, &aliases);
    for there in [
        "/",
        "/services/shop-api/in/fra1?x#y",
        "/rollouts/ro-1",
        "/failover/plans/north",
        "/failover/plans/fra1,osl1",
        "/runbooks/service-down#step-2",
        "/settings/users/ann",
    ] {
        assert_eq!(look(there), Standing::There, "{there}");
    }
    let dead = |name, value: &str| Standing::Dead { name, value: value.to_owned() };
    assert_eq!(look("/services/cart"), dead("service", "cart"));
    assert_eq!(look("/services/shop-api/in/ams1"), dead("datacenter", "ams1"));
    assert_eq!(look("/failover/plans/fra1,ams1"), dead("what", "fra1,ams1"));
    assert_eq!(look("/runbooks/nothing"), dead("slug", "nothing"));
    assert_eq!(look("/go/nothing"), dead("alias", "nothing"));
    assert_eq!(look("/nothing"), Standing::Nowhere);
    assert_eq!(look("/dc/fra"), Standing::Moved("/dc/fra1".to_owned()));
}

#[test]
fn what_was_renamed_moves_with_all_that_follows_it() {
    let fleet = estate().fleet;
    for (old, new) in [
        ("/services/shop", "/services/shop-api"),
        ("/services/shop/in/fra?sort=x#top", "/services/shop-api/in/fra1?sort=x#top"),
        ("/services/shop-api/in/fra", "/services/shop-api/in/fra1"),
        ("/regions/nordic", "/regions/north"),
        ("/failover/plans/fra,osl1/do/start", "/failover/plans/fra1,osl1/do/start"),
        ("/api/v1/datacenters/fra", "/api/v1/datacenters/fra1"),
        ("/api/v1/services/shop/traffic", "/api/v1/services/shop-api/traffic"),
    ] {
        assert_eq!(moved(old, &fleet).as_deref(), Some(new), "{old}");
    }
    // Two took it over: a person chooses.
    for stays in ["/services/web", "/services/shop-api", "/groups/shop", "/nothing/shop"] {
        assert_eq!(moved(stays, &fleet), None, "{stays}");
    }
    let gone = [(EntryKind::Service, "web".to_owned())];
    assert_eq!(missing("/services/web/in/fra1", &fleet), gone);
    assert_eq!(missing("/api/v1/services/web", &fleet), gone);
}

#[test]
fn the_object_of_an_address_is_what_the_audit_log_names() {
    for (address, expected) in [
        ("/rollouts/ro-12/steps/3", "/rollouts/ro-12"),
        ("/rollouts/ro-12/do/undo?x", "/rollouts/ro-12"),
        ("/api/v1/attention/at-7", "/attention/at-7"),
        ("/backups/runs/bk-3", "/backups/runs/bk-3"),
        ("/runbooks/runs/rb-4#step-2", "/runbooks/runs/rb-4"),
        ("/go/lag", "/go/lag"),
        ("/services/shop/do/roll-back", "/services/shop"),
    ] {
        assert_eq!(object(address), expected);
    }
}
