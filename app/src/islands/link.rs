//! What a page knows of its connection: where events come from, how old they are, what the page
//! says of it. Decides nothing about when to open a stream; see [`super::connection`].

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use web_sys::EventSource;

use crate::islands::LiveWords;
use crate::islands::apply::Page;
use crate::islands::badge::{badge, mark, note, remove_note};
use crate::islands::dom::{go, visible, window};
use crate::islands::tabs::{Message, Tabs};
use crate::live::{Change, TOPICS_MAX};
use crate::paths;

/// How the page stands to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Connecting,
    Live,
    Reconnecting,
    Old,
    SignedOut,
}

/// Where this page's events come from.
#[derive(Debug)]
pub(super) enum Role {
    /// From a stream for this page only.
    Alone,
    /// From the tab that leads.
    Follows,
    /// From a stream for all tabs; what the others want, by tab.
    Leads(BTreeMap<String, String>),
}

/// What a page wants to hear.
pub(crate) struct Wanted {
    /// `estate,dc:fra1`
    pub(crate) topics: String,
    /// The newest event whose values the page shows; empty: not known.
    pub(crate) after: String,
    /// The release that made the page.
    pub(crate) build: String,
    /// Zone of the times in lists; empty: UTC.
    pub(crate) zone: String,
    /// Tag of the language of the page.
    pub(crate) language: String,
}

impl Wanted {
    /// Tabs share a stream when all of them understand it.
    pub(super) fn shared_name(&self) -> String {
        format!("mainstay-live-{}-{}-{}", self.build, self.zone, self.language)
    }
}

/// The state of a page's connection.
pub(super) struct Link {
    pub(super) wanted: Wanted,
    pub(super) words: LiveWords,
    pub(super) page: Page,
    pub(super) role: Role,
    pub(super) tabs: Option<Rc<Tabs>>,
    pub(super) source: Option<EventSource>,
    /// Topics of the newest stream.
    opened: BTreeSet<String>,
    /// A new stream is about to be opened.
    pub(super) gathering: bool,
    pub(super) phase: Phase,
    /// Id of the newest event heard; empty: none, and the page's age is not known.
    pub(super) last_id: String,
    /// The server's clock at the last beat, and when it came by this page's own clock.
    pub(super) beat_at: String,
    pub(super) beat_ms: f64,
    /// That beat as it came.
    pub(super) beat: String,
    /// Tries since the last beat; another one waits for its time.
    pub(super) tries: usize,
    pub(super) waiting: bool,
    /// How often the page was hidden, and that it was so for long.
    pub(super) hides: u32,
    pub(super) resting: bool,
    /// The server's release is another, and the page has said so.
    pub(super) outdated: bool,
    pub(super) pending: Vec<Change>,
    pub(super) flushed_ms: f64,
    pub(super) flush_waits: bool,
}

/// This page's own clock.
pub(super) fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

impl Link {
    /// A page that was made at `shown` and hears nothing yet.
    pub(super) fn new(wanted: Wanted, words: LiveWords, shown: String) -> Self {
        Self {
            last_id: wanted.after.clone(),
            wanted,
            page: Page::read(&words),
            words,
            role: Role::Alone,
            tabs: None,
            source: None,
            opened: BTreeSet::new(),
            gathering: false,
            phase: Phase::Connecting,
            beat_at: shown,
            beat_ms: now_ms(),
            beat: String::new(),
            tries: 0,
            waiting: false,
            hides: 0,
            resting: false,
            outdated: false,
            pending: Vec::new(),
            flushed_ms: f64::NEG_INFINITY,
            flush_waits: false,
        }
    }

    /// Becomes one of several tabs.
    pub(super) fn join(&mut self, tabs: Rc<Tabs>) {
        self.role = Role::Follows;
        self.tabs = Some(tabs);
        self.ask();
    }

    /// Goes on without the other tabs.
    pub(super) fn part(&mut self) {
        if let Some(tabs) = self.tabs.take() {
            tabs.step_down();
        }
        self.role = Role::Alone;
    }

    fn say(&self, message: &Message) {
        if let Some(tabs) = &self.tabs {
            tabs.say(message);
        }
    }

    /// Says what this page wants, and stands for the lead while it is looked at.
    pub(super) fn ask(&self) {
        let Some(tabs) = &self.tabs else { return };
        if visible() {
            tabs.stand();
        }
        if let Role::Follows = self.role {
            let topics = self.wanted.topics.clone();
            tabs.say(&Message::Want { tab: tabs.id.clone(), topics });
        }
    }

    /// Another tab leads now.
    pub(super) fn follow(&mut self) {
        match self.role {
            Role::Alone => return,
            Role::Follows => {}
            Role::Leads(_) => {
                self.end_stream();
                self.role = Role::Follows;
                if let Some(tabs) = &self.tabs {
                    tabs.step_down();
                }
            }
        }
        self.ask();
    }

    /// The leader takes in what another tab wants; whether that needs another stream.
    pub(super) fn admit(&mut self, tab: String, topics: String) -> bool {
        let Role::Leads(others) = &mut self.role else { return false };
        others.insert(tab.clone(), topics);
        let all = self.union();
        if all.len() > TOPICS_MAX {
            if let Role::Leads(others) = &mut self.role {
                others.remove(&tab);
            }
            self.say(&Message::Full { tab });
            return false;
        }
        self.say(&Message::After { tab, id: self.last_id.clone() });
        if self.phase == Phase::Live {
            // So that it need not wait for the next beat to know that it is live.
            self.pass_on("beat", &self.last_id, &self.beat);
        }
        !self.waiting && !all.is_subset(&self.opened)
    }

    /// What this page and those that it leads want.
    fn union(&self) -> BTreeSet<String> {
        let others = match &self.role {
            Role::Leads(others) => Some(others.values()),
            Role::Alone | Role::Follows => None,
        };
        let all = std::iter::once(&self.wanted.topics).chain(others.into_iter().flatten());
        all.flat_map(|topics| topics.split(',')).map(str::to_owned).collect()
    }

    /// The address of a stream for all that is wanted now.
    pub(super) fn address(&mut self) -> String {
        self.opened = self.union();
        let topics: Vec<&str> = self.opened.iter().map(String::as_str).collect();
        let encode = |text: &str| js_sys::encode_uri_component(text);
        let (topics, after) = (encode(&topics.join(",")), encode(&self.last_id));
        let (zone, language) = (encode(&self.wanted.zone), encode(&self.wanted.language));
        let address = format!("{}?topics={topics}&after={after}", paths::LIVE);
        format!("{address}&zone={zone}&language={language}")
    }

    /// Passes an event on to the tabs that follow.
    pub(super) fn pass_on(&self, name: &str, id: &str, data: &str) {
        let followed = matches!(&self.role, Role::Leads(others) if !others.is_empty());
        if followed {
            let [name, id, data] = [name, id, data].map(str::to_owned);
            self.say(&Message::Event { name, id, data });
        }
    }

    fn end_stream(&mut self) {
        if let Some(source) = self.source.take() {
            source.close();
        }
    }

    /// Nobody looks any more: wants nothing and holds nothing.
    pub(super) fn rest(&mut self) {
        self.resting = true;
        self.waiting = false;
        self.end_stream();
        if let Some(tabs) = &self.tabs {
            tabs.step_down();
            tabs.say(&Message::Bye { tab: tabs.id.clone() });
            self.role = Role::Follows;
        }
    }

    /// The stream is lost, but not for long yet.
    pub(super) fn falter(&mut self) {
        if self.phase == Phase::Live {
            self.enter(Phase::Reconnecting);
        }
    }

    /// Changes the phase and what the top bar says of it.
    pub(super) fn enter(&mut self, phase: Phase) {
        let turned = self.phase != phase;
        self.phase = phase;
        let at = self.beat_at.as_str();
        match phase {
            Phase::Live => {
                badge("ok", &self.words.live, at);
                mark("on");
                if turned {
                    remove_note();
                }
            }
            Phase::Reconnecting => badge("prog", &self.words.reconnecting, at),
            Phase::Connecting | Phase::Old | Phase::SignedOut => {}
        }
    }

    /// Shows the age of the data; whether it has just become old.
    pub(super) fn grow_old(&mut self, age: u64) -> bool {
        let turned = self.phase != Phase::Old;
        self.phase = Phase::Old;
        let seconds = self.words.seconds.replace("{n}", &age.to_string());
        badge("unk", &format!("{}: {seconds}", self.words.old), "");
        mark("old");
        turned
    }

    /// The session has ended, in all tabs alike.
    pub(super) fn sign_out(&mut self) {
        if self.phase == Phase::SignedOut {
            return;
        }
        self.phase = Phase::SignedOut;
        self.say(&Message::SignedOut);
        self.rest();
        badge("unk", &self.words.signed_out, &self.beat_at);
        mark("old");
        let (title, label) = (self.words.signed_out.clone(), self.words.sign_in.clone());
        note(&title, "", &label, || {
            let location = window().location();
            let (path, query) = (location.pathname(), location.search());
            let here = format!("{}{}", path.unwrap_or_default(), query.unwrap_or_default());
            let next = js_sys::encode_uri_component(&here);
            go(&format!("{}?next={next}", paths::SIGN_IN));
        });
    }
}
