//! Pages that can be looked at as of a moment of the past, which the query names: `at`.

#[cfg(feature = "ssr")]
use chrono::{DateTime, SecondsFormat, Utc};

use crate::paths;

/// Sections whose objects have a past, each followed by an id.
const OBJECTS: [&str; 5] = ["/regions/", "/dc/", "/groups/", "/services/", "/instances/"];

/// Whether the page of an address can be looked at as of a moment.
pub fn has_past(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    if path == paths::TOPOLOGY {
        return true;
    }
    let id = OBJECTS.iter().find_map(|section| path.strip_prefix(section));
    let Some(id) = id.filter(|id| !id.is_empty()) else { return false };
    match id.split_once('/') {
        None => true,
        Some((_, rest)) => rest.strip_prefix("in/").is_some_and(|dc| !dc.contains('/')),
    }
}

/// A moment as an address names it: `2026-11-20T03:12:07Z`.
#[cfg(feature = "ssr")]
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// An address as of a moment, as [`moment`] writes it, or as of now.
pub fn as_of(address: &str, at: Option<&str>) -> String {
    let (address, place) = match address.split_once('#') {
        Some((address, place)) => (address, format!("#{place}")),
        None => (address, String::new()),
    };
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("at="));
    let named = at.map(|at| format!("at={at}"));
    let pairs: Vec<_> = kept.map(str::to_owned).chain(named).collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    format!("{path}{mark}{}{place}", pairs.join("&"))
}

/// Lets the links and filters of a page lead to the same moment, where what they lead to has one.
#[cfg(feature = "ssr")]
pub fn carry(html: &str, at: DateTime<Utc>) -> String {
    let at = moment(at);
    let mut carried = String::with_capacity(html.len() + html.len() / 8);
    let mut rest = html;
    while let Some(found) = rest.find("=\"/") {
        let (before, after) = rest.split_at(found + 2);
        carried.push_str(before);
        let Some(end) = after.find('"') else { break };
        let (address, after) = after.split_at(end);
        let plain = address.replace("&amp;", "&");
        rest = after;
        if before.ends_with(" href=\"") && has_past(&plain) {
            carried.push_str(&as_of(&plain, Some(&at)).replace('&', "&amp;"));
            continue;
        }
        carried.push_str(address);
        let tag = before.rfind('<').map_or("", |tag| &before[tag..]);
        let form = before.ends_with(" action=\"") && tag.starts_with("<form");
        let closed = after.find('>').filter(|_| form && has_past(&plain));
        let sends = |to: &usize| [tag, &after[..*to]].iter().any(|it| it.contains("method="));
        if let Some(closed) = closed.filter(|to| !sends(to)) {
            carried.push_str(&after[..=closed]);
            let field = format!(r#"<input type="hidden" name="at" value="{at}">"#);
            carried.push_str(&field);
            rest = &after[closed + 1..];
        }
    }
    carried.push_str(rest);
    carried
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn night() -> DateTime<Utc> {
        "2026-11-20T03:12:07Z".parse().expect("a moment")
    }

    #[test]
    fn what_stands_in_the_estate_has_a_past_and_nothing_else() {
        for path in [
            "/topology",
            "/topology?by=version",
            "/regions/eu",
            "/dc/fra1#notes",
            "/services/shop",
            "/services/shop/in/fra1?q=x",
            "/instances/shop-fra1-1",
        ] {
            assert!(has_past(path), "{path}");
        }
        for path in [
            "/",
            "/topologyx",
            "/dc/",
            "/audit",
            "/services/shop/traffic",
            "/services/shop/in/fra1/x",
            "/instances/shop-fra1-1/do/replace",
            "/rollouts/ro-1",
        ] {
            assert!(!has_past(path), "{path}");
        }
    }

    #[test]
    fn an_address_names_one_moment_or_none() {
        let named = moment(night());
        let past = as_of("/topology?at=2020-01-01T00:00:00Z&by=version#x", Some(&named));
        assert_eq!(past, "/topology?by=version&at=2026-11-20T03:12:07Z#x");
        assert_eq!(as_of(&past, None), "/topology?by=version#x");
        assert_eq!(as_of("/dc/fra1?at=2020-01-01T00:00:00Z", None), "/dc/fra1");
    }

    #[test]
    fn links_and_filters_stay_in_the_past() {
        let html = "<a class=\"x\" href=\"/dc/a?q=1&amp;w=2\">a</a><a href=\"/audit\">b</a>\
                    <form class=\"f\" action=\"/topology\" id=\"filter\"><i></i></form>\
                    <form method=\"post\" action=\"/instances/x\"></form>\
                    <form action=\"/services/x/do/start\"></form>";
        assert_eq!(
            carry(html, night()),
            "<a class=\"x\" href=\"/dc/a?q=1&amp;w=2&amp;at=2026-11-20T03:12:07Z\">a</a>\
             <a href=\"/audit\">b</a>\
             <form class=\"f\" action=\"/topology\" id=\"filter\">\
             <input type=\"hidden\" name=\"at\" value=\"2026-11-20T03:12:07Z\"><i></i></form>\
             <form method=\"post\" action=\"/instances/x\"></form>\
             <form action=\"/services/x/do/start\"></form>"
        );
    }
}
