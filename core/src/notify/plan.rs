//! What is due: from problems as they stand and what was told of them, the deliveries to plan.
//!
//! Nothing here is remembered: a leader that dies before its plan is written leaves the next one
//! with the same facts, which give the same plan. What a channel was told of a problem (its
//! thread) is written in the transaction that plans the delivery.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Channel, ChannelId, Content, DeliveryId, Item, Severity, Standing, Way, What};
use crate::fleet::Fleet;
use crate::problem::{Places, Problem, Record};

/// Messages of one channel within [`RATE_WINDOW`]; more at once are summed up in one.
pub const RATE_MAX: usize = 20;
pub const RATE_WINDOW: TimeDelta = TimeDelta::minutes(5);
/// Least time between two messages that sum up.
pub const DIGEST_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Most problems named in a message that sums up.
pub const DIGEST_MAX: usize = 50;
/// Open problems are told to an Alertmanager again after so long: it forgets what it does not hear.
pub const PUSH_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Most problems of one push.
pub const PUSH_MAX: usize = 500;
/// A problem that comes and goes is told when it has stood for so long.
pub const FLAPPING_QUIET: TimeDelta = TimeDelta::minutes(10);

/// What a channel was told of a problem that it was not told the end of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    pub channel: ChannelId,
    /// The number of `at-1042`.
    pub problem: i64,
    /// The worst that was told.
    pub severity: Severity,
    pub told_at: DateTime<Utc>,
    /// How often it was told.
    pub times: u32,
}

/// What was planned of a channel lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    /// Deliveries planned within [`RATE_WINDOW`].
    pub count: usize,
    pub last_at: Option<DateTime<Utc>>,
    /// Of an Alertmanager: a push that waits for its next try, and what it says.
    pub waiting: Option<(DeliveryId, Content)>,
}

/// Everything a plan is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub channels: &'a [Channel],
    pub threads: &'a [Thread],
    /// Every open problem, and the ended ones that threads name.
    pub records: &'a [Record],
    pub lately: &'a BTreeMap<ChannelId, Lately>,
    pub fleet: &'a Fleet,
    pub now: DateTime<Utc>,
}

/// What becomes of a thread when its delivery is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    So(Thread),
    /// The end was told, or there is nothing left to tell it of.
    Over {
        problem: i64,
    },
}

/// One delivery to plan, or threads that end without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub channel: ChannelId,
    /// The same for the same news: planned once.
    pub key: String,
    /// `None`: nothing is said.
    pub content: Option<Content>,
    /// The push that waits and says this instead.
    pub instead_of: Option<DeliveryId>,
    pub told: Vec<Told>,
}

/// The deliveries due now, by channel and in the order of their problems.
pub fn plan(facts: Facts<'_>) -> Vec<Due> {
    let active = facts.channels.iter().filter(|it| it.standing == Standing::Active);
    active.flat_map(|channel| Planner::new(channel, facts).plan()).collect()
}

/// Whether a problem is left alone now: somebody wants to hear no more of it for a while, or it
/// comes and goes.
pub fn is_quiet(record: &Record, now: DateTime<Utc>) -> bool {
    record.is_snoozed(now) || (record.flaps() && now - record.opened_at < FLAPPING_QUIET)
}

struct Planner<'a> {
    channel: &'a Channel,
    facts: Facts<'a>,
    threads: BTreeMap<i64, &'a Thread>,
    lately: Lately,
}

/// One piece of news.
struct News<'a> {
    what: What,
    record: &'a Record,
    told: Told,
    key: String,
}

impl<'a> Planner<'a> {
    fn new(channel: &'a Channel, facts: Facts<'a>) -> Self {
        let own = facts.threads.iter().filter(|thread| thread.channel == channel.id);
        let threads = own.map(|thread| (thread.problem, thread)).collect();
        let lately = facts.lately.get(&channel.id).cloned().unwrap_or_default();
        Self { channel, facts, threads, lately }
    }

    fn plan(&self) -> Vec<Due> {
        let news: Vec<_> = self.opened().chain(self.ended()).collect();
        let mut due = self.forgotten();
        match self.channel.target.way() {
            Way::Webhook | Way::Email => due.extend(self.messages(news)),
            Way::Alertmanager => due.extend(self.push(news)),
        }
        due
    }

    fn heard(&self, record: &Record) -> bool {
        let own = matches!(
            &record.problem,
            Problem::NotificationsFail { channel, .. } if *channel == self.channel.id
        );
        !own && self.channel.hears.problem(&record.problem, self.facts.fleet)
    }

    fn open(&self) -> impl Iterator<Item = &'a Record> {
        let open = self.facts.records.iter().filter(|record| record.closed_at.is_none());
        open.filter(|record| self.heard(record))
    }

    /// Problems that opened, became worse, or are open still.
    fn opened(&self) -> impl Iterator<Item = News<'a>> {
        let now = self.facts.now;
        self.open().filter_map(move |record| {
            let severity = Severity::of(&record.problem);
            let thread = self.threads.get(&record.id);
            let quiet = is_quiet(record, now);
            let (what, times, key) = match thread {
                None if quiet => return None,
                None => (What::Opened, 1, "opened".to_owned()),
                Some(thread) if severity < thread.severity => {
                    (What::Worse, thread.times + 1, format!("worse-{}", severity.name()))
                }
                Some(thread) if !quiet && self.is_again(thread) => {
                    (What::Still, thread.times + 1, format!("still-{}", thread.times))
                }
                Some(_) => return None,
            };
            let worst = thread.map_or(severity, |thread| thread.severity.min(severity));
            let (channel, problem) = (self.channel.id, record.id);
            let told = Told::So(Thread { channel, problem, severity: worst, told_at: now, times });
            Some(News { what, record, told, key: format!("at-{problem}/{key}") })
        })
    }

    fn is_again(&self, thread: &Thread) -> bool {
        let after = TimeDelta::minutes(self.channel.repeat_minutes.into());
        // An Alertmanager repeats by itself, as its own routes say.
        let repeats = self.channel.target.way() != Way::Alertmanager;
        repeats && !after.is_zero() && self.facts.now - thread.told_at >= after
    }

    /// Problems that this channel was told of and that are over.
    fn ended(&self) -> impl Iterator<Item = News<'a>> {
        let over = self.facts.records.iter().filter(|record| record.closed_at.is_some());
        over.filter(|record| self.threads.contains_key(&record.id)).map(|record| News {
            what: What::Ended,
            record,
            told: Told::Over { problem: record.id },
            key: format!("at-{}/ended", record.id),
        })
    }

    /// Threads of problems that nobody knows any more.
    fn forgotten(&self) -> Vec<Due> {
        let known = |id: i64| self.facts.records.iter().any(|record| record.id == id);
        let gone = self.threads.keys().filter(|id| !known(**id));
        let told: Vec<_> = gone.map(|id| Told::Over { problem: *id }).collect();
        let nothing = told.is_empty();
        let (channel, key) = (self.channel.id, String::new());
        let due = Due { channel, key, content: None, instead_of: None, told };
        (!nothing).then_some(due).into_iter().collect()
    }

    /// A message for each piece of news; or one for all, where they are too many.
    fn messages(&self, news: Vec<News<'a>>) -> Vec<Due> {
        let now = self.facts.now;
        if news.is_empty() {
            return Vec::new();
        }
        if self.lately.count + news.len() <= RATE_MAX {
            let message = |it: News<'a>| {
                let items = vec![self.item(it.what, it.record)];
                let content = Some(Content::Problems { items, left_out: 0 });
                self.due(it.key, content, vec![it.told])
            };
            return news.into_iter().map(message).collect();
        }
        if self.lately.last_at.is_some_and(|at| now - at < DIGEST_EVERY) {
            // They wait for the next one, and are in it as they stand then.
            return Vec::new();
        }
        vec![self.digest(format!("sum/{}", now.timestamp()), news, DIGEST_MAX)]
    }

    fn digest(&self, key: String, mut news: Vec<News<'a>>, most: usize) -> Due {
        news.sort_by_key(|it| (it.what == What::Ended, Severity::of(&it.record.problem)));
        let left_out = u32::try_from(news.len().saturating_sub(most)).unwrap_or(u32::MAX);
        let items = news.iter().take(most).map(|it| self.item(it.what, it.record)).collect();
        let told = news.into_iter().map(|it| it.told).collect();
        self.due(key, Some(Content::Problems { items, left_out }), told)
    }

    /// All that is open, with what ended: an Alertmanager is told how things stand.
    fn push(&self, news: Vec<News<'a>>) -> Option<Due> {
        let now = self.facts.now;
        let early = self.lately.last_at.is_some_and(|at| now - at < PUSH_EVERY);
        let open: Vec<_> = self.open().filter(|record| !is_quiet(record, now)).collect();
        let again = !open.is_empty() && !early && self.lately.waiting.is_none();
        if news.is_empty() && !again {
            return None;
        }
        let mut items: Vec<Item> = open.iter().map(|it| self.item(What::Still, it)).collect();
        let ended = news.iter().filter(|it| it.what == What::Ended);
        items.extend(ended.map(|it| self.item(What::Ended, it.record)));
        if let Some((_, Content::Problems { items: before, .. })) = &self.lately.waiting {
            let ended = before.iter().filter(|item| item.what == What::Ended);
            let new: Vec<_> =
                ended.filter(|it| !items.iter().any(|item| item.id == it.id)).cloned().collect();
            items.extend(new);
        }
        let left_out = u32::try_from(items.len().saturating_sub(PUSH_MAX)).unwrap_or(u32::MAX);
        // What ended is said first: what is open is said again.
        items.sort_by_key(|item| (item.what != What::Ended, Severity::of(&item.problem)));
        items.truncate(PUSH_MAX);
        let told = news.into_iter().map(|it| it.told).collect();
        let content = Some(Content::Problems { items, left_out });
        let due = self.due(format!("push/{}", now.timestamp_millis()), content, told);
        let instead_of = self.lately.waiting.as_ref().map(|(id, _)| *id);
        Some(Due { instead_of, ..due })
    }

    fn due(&self, key: String, content: Option<Content>, told: Vec<Told>) -> Due {
        Due { channel: self.channel.id, key, content, instead_of: None, told }
    }

    fn item(&self, what: What, record: &Record) -> Item {
        let Places { groups, datacenters } = record.problem.places(self.facts.fleet);
        Item {
            id: record.id,
            what,
            problem: record.problem.clone(),
            groups,
            datacenters,
            opened_at: record.opened_at,
            closed_at: record.closed_at,
            owner: record.owner.clone(),
        }
    }
}
