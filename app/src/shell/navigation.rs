//! The navigation: sections, which of them an address belongs to, and what they count.

use leptos::prelude::*;
use mainstay_core::status::Status;

use super::Shell;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::glyph::{Icon, glyph, icon};

/// A section of the navigation.
struct Section {
    href: &'static str,
    icon: Icon,
    label: fn() -> String,
    /// Beginnings of the addresses that belong to it.
    owns: &'static [&'static str],
    /// Carries a number.
    counts: Option<Counted>,
    /// Stands in the bottom bar of small screens too.
    bottom: bool,
}

/// What a section counts.
#[derive(Clone, Copy)]
enum Counted {
    Topology,
    Rollouts,
    Failover,
    Backups,
}

const SECTIONS: &[Section] = &[
    Section {
        href: paths::OVERVIEW,
        icon: Icon::Overview,
        label: || t!("nav-overview"),
        owns: &["/attention", "/approvals"],
        counts: None,
        bottom: true,
    },
    Section {
        href: paths::TOPOLOGY,
        icon: Icon::Topology,
        label: || t!("nav-topology"),
        owns: &["/topology", "/regions", "/dc", "/groups", "/services", "/instances"],
        counts: Some(Counted::Topology),
        bottom: true,
    },
    Section {
        href: paths::ROLLOUTS,
        icon: Icon::Rollouts,
        label: || t!("nav-rollouts"),
        owns: &["/rollouts"],
        counts: Some(Counted::Rollouts),
        bottom: true,
    },
    Section {
        href: paths::FAILOVER,
        icon: Icon::Failover,
        label: || t!("nav-failover"),
        owns: &["/failover"],
        counts: Some(Counted::Failover),
        bottom: false,
    },
    Section {
        href: paths::EVENTS,
        icon: Icon::Events,
        label: || t!("nav-events"),
        owns: &["/events"],
        counts: None,
        bottom: false,
    },
    Section {
        href: paths::EDGES,
        icon: Icon::Edges,
        label: || t!("nav-edges"),
        owns: &["/edges"],
        counts: None,
        bottom: false,
    },
    Section {
        href: paths::BACKUPS,
        icon: Icon::Backups,
        label: || t!("nav-backups"),
        owns: &["/backups"],
        counts: Some(Counted::Backups),
        bottom: false,
    },
    Section {
        href: paths::AVAILABILITY,
        icon: Icon::Availability,
        label: || t!("nav-availability"),
        owns: &["/availability"],
        counts: None,
        bottom: false,
    },
    Section {
        href: paths::RUNBOOKS,
        icon: Icon::Runbooks,
        label: || t!("nav-runbooks"),
        owns: &["/runbooks"],
        counts: None,
        bottom: true,
    },
    Section {
        href: paths::AUDIT,
        icon: Icon::Audit,
        label: || t!("nav-audit"),
        owns: &["/audit"],
        counts: None,
        bottom: false,
    },
];
const SETTINGS: Section = Section {
    href: paths::SETTINGS,
    icon: Icon::Settings,
    label: || t!("nav-settings"),
    owns: &["/settings"],
    counts: None,
    bottom: true,
};

/// What follows a service's address where the page is about its rollouts.
const ROLLOUT_PARTS: &[&str] =
    &["rollout", "bench", "do/start-rollout", "do/run-bench", "do/roll-back"];

/// The path by which a page's section is found: without its query; a service's rollouts belong to
/// rollouts.
fn section_path(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or(path);
    let part = path.strip_prefix("/services/").and_then(|rest| rest.split_once('/'));
    match part {
        Some((_, part)) if ROLLOUT_PARTS.contains(&part) => paths::ROLLOUTS,
        Some(_) | None => path,
    }
}

impl Section {
    fn is_current(&self, path: &str) -> bool {
        let path = section_path(path);
        path == self.href
            || self.owns.iter().any(|own| {
                path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }
}

pub(super) fn navigation(shell: &Shell) -> AnyView {
    let items = SECTIONS.iter().map(|s| nav_item(shell, s)).collect_view();
    let build = shell.build.clone();
    let keys = t!("nav-keys", key = "\u{1}");
    let (before, after) = keys.split_once('\u{1}').unwrap_or((&keys, ""));
    let (before, after) = (before.to_owned(), after.to_owned());
    view! {
        <nav class="nav" aria-label=t!("nav-label")>
            {items}
            <hr/>
            {nav_item(shell, &SETTINGS)}
            <div class="foot">
                {t!("nav-build", version = build)}
                <span class="scripted">{before}<kbd>"?"</kbd>{after}</span>
            </div>
        </nav>
    }
    .into_any()
}

/// `2 problems`.
pub fn topology_words(n: u32) -> String {
    t!("nav-count", n = n, count = text::number(n))
}

/// `2 rollouts are on`.
pub fn rollouts_words(n: u32) -> String {
    t!("nav-rollouts-count", n = n, count = text::number(n))
}

/// `1 failover is on`.
pub fn failover_words(n: u32) -> String {
    t!("nav-failover-count", n = n, count = text::number(n))
}

/// `2 problems of backups`.
pub fn backups_words(n: u32) -> String {
    t!("nav-backups-count", n = n, count = text::number(n))
}

fn nav_item(shell: &Shell, section: &Section) -> AnyView {
    let current = section.is_current(&shell.path).then_some("page");
    let label = (section.label)();
    let title = label.clone();
    let count = section.counts.map(|counted| {
        let (key, counts) = match counted {
            Counted::Topology => ("topology", shell.topology),
            Counted::Rollouts => ("rollouts", shell.rollouts),
            Counted::Failover => ("failover", shell.failover),
            Counted::Backups => ("backups", shell.backups),
        };
        let (worst, n) = counts.unwrap_or((Status::Healthy, 0));
        let none = n == 0;
        let said = match counted {
            Counted::Topology => topology_words(n),
            Counted::Rollouts => rollouts_words(n),
            Counted::Failover => failover_words(n),
            Counted::Backups => backups_words(n),
        };
        view! {
            <span class="n" data-k=key hidden=none>
                <span data-f="s">{glyph(worst)}</span>
                <span class="c" aria-hidden="true" data-f="open">{text::number(n)}</span>
                <span class="vh" data-f="open_words">{said}</span>
            </span>
        }
    });
    view! {
        <a href=section.href aria-current=current title=title>
            {icon(section.icon)}
            <span class="t">{label}</span>
            {count}
        </a>
    }
    .into_any()
}

pub(super) fn bottom_bar(shell: &Shell) -> AnyView {
    let items = SECTIONS
        .iter()
        .chain([&SETTINGS])
        .filter(|s| s.bottom)
        .map(|s| {
            let current = s.is_current(&shell.path).then_some("page");
            let label = (s.label)();
            view! { <a href=s.href aria-current=current>{icon(s.icon)}<span>{label}</span></a> }
        })
        .collect_view();
    view! { <nav class="bottomnav" aria-label=t!("nav-label-bottom")>{items}</nav> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_one_section() {
        for (path, href) in [
            ("/", paths::OVERVIEW),
            ("/topology?view=list", paths::TOPOLOGY),
            ("/services/feed-api/in/fra1", paths::TOPOLOGY),
            ("/dc/fra1", paths::TOPOLOGY),
            ("/services/bench", paths::TOPOLOGY),
            ("/services/feed-api/traffic", paths::TOPOLOGY),
            ("/services/feed-api/bench", paths::ROLLOUTS),
            ("/services/feed-api/rollout", paths::ROLLOUTS),
            ("/services/feed-api/do/start-rollout?version=1", paths::ROLLOUTS),
            ("/services/feed-api/do/run-bench", paths::ROLLOUTS),
            ("/rollouts/quarantine", paths::ROLLOUTS),
            ("/failover/runs/fo-1/do/stop", paths::FAILOVER),
            ("/edges/edge-eu-west", paths::EDGES),
            ("/backups?view=copies", paths::BACKUPS),
            ("/backups/sets/store-db/do/run-now", paths::BACKUPS),
            ("/availability?window=7d", paths::AVAILABILITY),
            ("/availability/outages/ou-1/do/correct", paths::AVAILABILITY),
            ("/runbooks/runs/rb-1", paths::RUNBOOKS),
            ("/attention/at-1", paths::OVERVIEW),
            ("/audit/7", paths::AUDIT),
        ] {
            let current: Vec<_> =
                SECTIONS.iter().filter(|s| s.is_current(path)).map(|s| s.href).collect();
            assert_eq!(current, [href], "{path}");
        }
        assert!(SETTINGS.is_current("/settings/users"));
    }
}
