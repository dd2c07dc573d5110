//! What stands around every page: top bar, navigation, message slot, print head.
//!
//! Navigation shows what exists; a later section is one line in `navigation`.

mod navigation;

use chrono::{DateTime, Offset, TimeDelta, Utc};
use chrono_tz::Tz;
use leptos::prelude::*;
use mainstay_core::access::{Density, Role};
use mainstay_core::backup::clock::Pace;
use mainstay_core::status::Status;

pub use navigation::{backups_words, failover_words, rollouts_words, topology_words};
use navigation::{bottom_bar, navigation};

use crate::islands::{Keys, LiveApplier, LiveWords, Palette, PaletteWords};
use crate::past;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::callout;
use crate::ui::glyph::{Icon, glyph, icon, logo};
use crate::ui::tone::Tone;

/// Everything a document needs besides its page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The object and its state; the product's name is added.
    pub title: String,
    /// Path and query of this page.
    pub path: String,
    /// What the estate is called, for example `production`.
    pub environment: String,
    /// Not production: a striped line says so.
    pub rehearsal: bool,
    pub viewer: Option<Viewer>,
    pub theme: Theme,
    pub density: Density,
    pub nav_collapsed: bool,
    /// Single keys work.
    pub keys: bool,
    /// The viewer's zone, shown beside UTC.
    pub time_zone: Option<Tz>,
    /// The zone in which lists say their times, when that is not UTC.
    pub list_zone: Option<Tz>,
    /// The server's clock, and the moment of the data on the page.
    pub now: DateTime<Utc>,
    pub data: DataAge,
    pub days: PolicyDays,
    /// Open problems of the topology section: the worst and how many.
    pub topology: Option<(Status, u32)>,
    /// Rollouts that are on: the worst look and how many.
    pub rollouts: Option<(Status, u32)>,
    /// The failover that is on: its look, and one.
    pub failover: Option<(Status, u32)>,
    /// Open problems of backups: the worst and how many.
    pub backups: Option<(Status, u32)>,
    pub csrf: String,
    pub message: Option<Message>,
    pub build: String,
    /// Of the content security policy; new for each response.
    pub nonce: String,
    pub assets: Assets,
    /// What the page wants to hear about: `estate`, `dc:fra1`, `service:feed-api`,
    /// `instance:feed-api-1`. Empty: the page does not update.
    pub topics: Vec<String>,
    /// Id of the newest live event whose values the page shows; empty: not known, then the page
    /// fetches its values once when it connects.
    pub live_id: String,
}

#[derive(Clone, Debug)]
pub struct Viewer {
    pub name: String,
    pub display_name: String,
    pub roles: Vec<Role>,
}

impl Viewer {
    /// Two letters for the corner: the first of the first two words.
    pub fn initials(&self) -> String {
        let name = if self.display_name.is_empty() { &self.name } else { &self.display_name };
        name.split([' ', '-', '.'])
            .filter_map(|word| word.chars().next())
            .take(2)
            .flat_map(char::to_uppercase)
            .collect()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the browser says.
    #[default]
    Auto,
    Light,
    Dark,
}

/// How fresh the page's data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataAge {
    Live,
    /// The state store does not answer; this is the last known state.
    StoreAway {
        since: DateTime<Utc>,
    },
    /// It is of a moment of the past.
    Snapshot {
        at: DateTime<Utc>,
    },
}

/// How the days of the backup policies pass, and how far they are ahead of the calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyDays {
    pub pace: Pace,
    pub ahead: TimeDelta,
}

/// One sentence above the page: what an action did, or what was dropped from the address.
#[derive(Clone, Debug)]
pub struct Message {
    pub tone: Tone,
    pub strong: String,
    pub detail: String,
}

/// Addresses of the built files, with their hashes.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    pub css: String,
    pub js: String,
    pub wasm: String,
}

/// The body of a document: shell and page.
pub fn body(shell: &Shell, page: AnyView) -> AnyView {
    // The matrix needs the width.
    let slim = shell.nav_collapsed || shell.path.starts_with(paths::TOPOLOGY);
    let class = if slim { "app slim" } else { "app" };
    let signed_in = shell.viewer.is_some();
    let live = signed_in && !shell.topics.is_empty();
    view! {
        <div class=class id="app">
            <a class="skip" href="#main">{t!("skip")}</a>
            {top(shell)}
            <div class="body">
                {signed_in.then(|| navigation(shell))}
                <main id="main" tabindex="-1">
                    {print_head(shell)}
                    <div id="slot">{messages(shell)}</div>
                    {page}
                </main>
            </div>
            {signed_in.then(|| bottom_bar(shell))}
            <div class="vh" id="polite" role="status"></div>
            <div class="vh" id="assertive" role="alert"></div>
            {live.then(|| {
                let (topics, after) = (shell.topics.join(","), shell.live_id.clone());
                let release = shell.build.clone();
                let zone = shell.list_zone.map_or_else(String::new, |zone| zone.name().to_owned());
                let (language, words) = (text::language().tag().to_owned(), live_words());
                view! {
                    <LiveApplier topics=topics after=after release=release zone=zone
                        language=language words=words/>
                }
            })}
            {signed_in.then(|| {
                let (palette, keys) = (palette_words(shell.keys), key_words(shell));
                view! { <Palette words=palette/><Keys words=keys/> }
            })}
        </div>
    }
    .into_any()
}

fn top(shell: &Shell) -> AnyView {
    let class = if shell.rehearsal { "top rehearsal" } else { "top" };
    let environment = shell.environment.clone();
    view! {
        <header class=class>
            <a class="brand" href=paths::OVERVIEW>{logo()}<span>{t!("product")}</span></a>
            {(!environment.is_empty()).then(|| view! { <span class="env">{environment}</span> })}
            {shell.viewer.is_some().then(find)}
            <div class="top-r">
                {shell.viewer.is_some().then(|| freshness(shell))}
                {clock(shell)}
                {account(shell)}
            </div>
        </header>
    }
    .into_any()
}

/// The search: a form that works by itself, and the palette's opener once scripts run.
fn find() -> AnyView {
    view! {
        <form class="find" action=paths::FIND role="search" id="find">
            {icon(Icon::Find)}
            <input type="search" name="q" placeholder=t!("find-hint") aria-label=t!("find-label")
                autocomplete="off"/>
            <kbd aria-hidden="true">"Ctrl K"</kbd>
        </form>
    }
    .into_any()
}

/// Without script the page says when it was loaded; the live island turns this into Live.
fn freshness(shell: &Shell) -> AnyView {
    let at = text::clock_seconds(shell.now, shell.now);
    let loaded = t!("loaded", at = at.as_str());
    match shell.data {
        DataAge::Live => view! {
            <span class="live" id="live" data-at=at>
                <span class="lw">{loaded}</span>
                <a class="lr" href=shell.path.clone()>{t!("reload")}</a>
            </span>
        }
        .into_any(),
        DataAge::StoreAway { since } => {
            let age = text::duration(shell.now - since);
            view! {
                <span class="live" id="live">
                    <span class="lg">{glyph(Tone::Unk)}</span>
                    <b class="lw">{t!("live-old")}": "{age}</b>
                </span>
            }
            .into_any()
        }
        DataAge::Snapshot { .. } => view! {
            <span class="live" id="live">
                <span class="lg">{glyph(Tone::Plan)}</span>
                <b class="lw">{t!("snapshot")}</b>
                <a class="lr" href=past::as_of(&shell.path, None)>{t!("snapshot-go-live")}</a>
            </span>
        }
        .into_any(),
    }
}

/// `Fri 20 Nov 03:12 UTC`: the top bar's clock, also in each beat of the live stream.
pub fn clock_words(now: DateTime<Utc>) -> String {
    t!("utc", time = text::date_clock(now))
}

/// The day, and the time with its zone: the last two words.
fn clock_parts(words: &str) -> (&str, &str) {
    let at = words.rmatch_indices(' ').nth(1).map_or(0, |(at, _)| at);
    (&words[..at], words[at..].trim_start())
}

fn clock(shell: &Shell) -> AnyView {
    let utc = clock_words(shell.now);
    // The day stands apart: small screens leave it out.
    let (day, time) = clock_parts(&utc);
    let (day, time) = (day.to_owned(), time.to_owned());
    let local = local_zone(shell).map(|zone| local_clock(shell, zone));
    view! {
        <span class="clock">
            <b id="clock"><span class="day">{day}</span>" "<span>{time}</span></b>
            {local}
        </span>
    }
    .into_any()
}

/// The viewer's zone, where it is another than that of the top bar.
fn local_zone(shell: &Shell) -> Option<Tz> {
    shell.time_zone.filter(|zone| *zone != Tz::UTC)
}

/// The viewer's own time, which is also the switch of the times in lists.
fn local_clock(shell: &Shell, zone: Tz) -> AnyView {
    let offset = shell.now.with_timezone(&zone).offset().fix().local_minus_utc() / 60;
    let city = text::zone_city(zone);
    let title = match shell.list_zone {
        None => t!("times-local", city = city.as_str()),
        Some(_) => t!("times-utc"),
    };
    let other = other_times(shell);
    let href = with_times(&shell.path, other);
    view! {
        <a class="loc quiet" href=href title=title data-times=other data-offset=offset.to_string()
            data-words=t!("clock-local", time = "{time}", city = city.as_str())>
            {text::local_clock(shell.now, zone)}
        </a>
    }
    .into_any()
}

/// What the switch of the times in lists changes to, as in the query `tz`.
const fn other_times(shell: &Shell) -> &'static str {
    match shell.list_zone {
        None => "local",
        Some(_) => "utc",
    }
}

/// An address with another `tz`.
fn with_times(path: &str, times: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("tz="));
    let pairs: Vec<_> = kept.map(str::to_owned).chain([format!("tz={times}")]).collect();
    format!("{path}?{}", pairs.join("&"))
}

fn account(shell: &Shell) -> AnyView {
    match &shell.viewer {
        Some(viewer) => {
            let initials = viewer.initials();
            let label = t!("account", initials = initials.as_str(), name = viewer.name.as_str());
            view! {
                <a class="avatar quiet" href=paths::SETTINGS_PROFILE aria-label=label>{initials}</a>
            }
            .into_any()
        }
        None if shell.path.starts_with(paths::SIGN_IN) => ().into_any(),
        None => {
            view! { <a class="btn" href=paths::sign_in(&shell.path)>{t!("sign-in")}</a> }.into_any()
        }
    }
}

fn messages(shell: &Shell) -> AnyView {
    let away = match shell.data {
        DataAge::Live => None,
        DataAge::StoreAway { since } => Some(callout(
            Tone::Unk,
            t!("store-away"),
            t!(
                "store-away-detail",
                at = t!("utc", time = text::clock_seconds(since, shell.now)),
                age = text::duration(shell.now - since)
            ),
            None,
        )),
        DataAge::Snapshot { at } => Some(snapshot(shell, at)),
    };
    let message = shell
        .message
        .clone()
        .map(|message| callout(message.tone, message.strong, message.detail, None));
    view! { {away}{policy_days(shell)}{message} }.into_any()
}

/// Which moment of the past the page is of, and the ways to the moments beside it and to now.
fn snapshot(shell: &Shell, at: DateTime<Utc>) -> AnyView {
    let beside = |by: TimeDelta| past::as_of(&shell.path, Some(&past::moment(at + by)));
    let minute = TimeDelta::minutes(1);
    let later = (at + minute < shell.now)
        .then(|| view! { <a class="btn sm" href=beside(minute)>{t!("snapshot-later")}</a> });
    let ways = view! {
        <div class="acts">
            <a class="btn sm" href=beside(-minute)>{t!("snapshot-earlier")}</a>
            {later}
            <a class="btn sm" href=past::as_of(&shell.path, None)>{t!("snapshot-go-live")}</a>
        </div>
    };
    let title = t!("snapshot-title", at = t!("utc", time = text::full(at)));
    callout(Tone::Plan, title, t!("snapshot-detail"), Some(ways.into_any()))
}

/// On pages that tell of backups: that these have a time of their own, where they do.
fn policy_days(shell: &Shell) -> Option<AnyView> {
    let path = shell.path.split(['?', '#']).next().unwrap_or_default();
    let tells = path == paths::OVERVIEW
        || [paths::BACKUPS, paths::ATTENTION].iter().any(|of| path.starts_with(of));
    let PolicyDays { pace, ahead } = shell.days;
    let words = match (pace.is_real(), ahead.is_zero()) {
        (true, true) => return None,
        (true, false) => t!("policy-ahead", ahead = text::duration(ahead)),
        (false, _) => t!("policy-days", day = pace.to_string()),
    };
    tells.then(|| callout(Tone::Plan, words, t!("policy-days-detail"), None))
}

/// Shown on paper only: what this is, from where, when, and for whom.
fn print_head(shell: &Shell) -> AnyView {
    let at = text::full(shell.now);
    let by = match &shell.viewer {
        Some(viewer) => t!("printed-by", name = viewer.name.as_str(), at = at),
        None => t!("printed", at = at),
    };
    let address = shell.path.clone();
    view! { <p class="print-head">{t!("product")}" · "{address}<br/>{by}</p> }.into_any()
}

fn live_words() -> LiveWords {
    LiveWords {
        live: t!("live"),
        reconnecting: t!("live-reconnecting"),
        old: t!("live-old"),
        old_title: t!("live-old-title"),
        old_detail: t!("live-old-detail", at = "{at}"),
        try_now: t!("live-try"),
        back: t!("live-back"),
        signed_out: t!("live-signed-out"),
        sign_in: t!("sign-in"),
        newer: t!("live-newer", count = "{count}"),
        new_problems: t!("live-problems", count = "{count}", failing = "{failing}"),
        failing: t!("live-failing", failing = "{failing}"),
        seconds: t!("duration-s", n = "{n}"),
        outdated: t!("live-outdated"),
        reload: t!("reload"),
    }
}

fn palette_words(keys: bool) -> PaletteWords {
    PaletteWords {
        title: t!("palette-title"),
        label: t!("palette-label"),
        empty: t!("palette-empty"),
        close: t!("keys-close"),
        groups: vec![
            t!("palette-go"),
            t!("palette-objects"),
            t!("nav-runbooks"),
            t!("palette-elsewhere"),
        ],
        here: [t!("palette-actions"), t!("palette-recent")],
        keys_off: !keys,
    }
}

/// Each line of the key sheet: keys, and what they do.
fn key_words(shell: &Shell) -> crate::islands::KeyWords {
    let zoned = local_zone(shell).is_some();
    let times = zoned.then(|| ("t", t!("keys-times")));
    let rows = [
        ("Ctrl K  /", t!("keys-find")),
        ("g o", format!("{} {}", t!("keys-go"), t!("nav-overview"))),
        ("g t", format!("{} {}", t!("keys-go"), t!("nav-topology"))),
        ("g r", format!("{} {}", t!("keys-go"), t!("nav-rollouts"))),
        ("g f", format!("{} {}", t!("keys-go"), t!("nav-failover"))),
        ("g b", format!("{} {}", t!("keys-go"), t!("nav-backups"))),
        ("g k", format!("{} {}", t!("keys-go"), t!("nav-runbooks"))),
        ("g e", format!("{} {}", t!("keys-go"), t!("nav-events"))),
        ("g a", format!("{} {}", t!("keys-go"), t!("nav-attention"))),
        ("g u", format!("{} {}", t!("keys-go"), t!("nav-audit"))),
        ("g s", format!("{} {}", t!("keys-go"), t!("nav-settings"))),
        ("j  k  Enter", t!("keys-rows")),
        ("← ↑ → ↓", t!("keys-matrix")),
        (".", t!("keys-newer")),
        ("f", t!("keys-filter")),
        ("Shift R", t!("keys-slot")),
        ("y", t!("keys-link")),
        ("Shift Y", t!("keys-moment")),
        ("[", t!("keys-nav")),
    ];
    let rows = rows.into_iter().chain(times).chain([("?", t!("keys-help"))]);
    crate::islands::KeyWords {
        title: t!("keys-title"),
        close: t!("keys-close"),
        copied: t!("copied"),
        rows: rows.map(|(keys, does)| (keys.to_owned(), does)).collect(),
        off: !shell.keys,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_it_asks_for_beside_its_times() {
        for (path, expected) in [
            ("/", "/?tz=local"),
            ("/audit?who=ann&tz=utc&after=7", "/audit?who=ann&after=7&tz=local"),
            ("/find?q=tz=utc", "/find?q=tz=utc&tz=local"),
        ] {
            assert_eq!(with_times(path, "local"), expected);
        }
    }
}
