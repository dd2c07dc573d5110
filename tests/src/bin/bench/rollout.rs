//! Promotions and roll-backs of a real service under the requests of users, again and again: how
//! many of them fail, and how long it takes from the click until no edge and no user is on the bad
//! version any more.
//!
//! With a hundred and with a thousand edges, all but the real ones are simulated; they connect to
//! the same server over TLS and stand in its fleet like any other.
//!
//! Invariant: what users saw is told by the ledger of the lab's load generator alone; the server
//! tells when an edge acknowledged.

mod crowd;
mod town;

use std::io;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use mainstay_lab::ledger::{Entry, read};

use self::crowd::Crowd;
use self::town::{EDGES, SERVICE, Town};
use crate::Plan;
use crate::report::{Limit, Report};
use crate::stats::Samples;

/// The stable version is that of the fleet file.
const NEW: &str = "2.0.0";
/// Each so many-th roll-back is waited for until the logs, too, show no request any more; the
/// others are undone as soon as the edges acknowledged.
const WHOLE: usize = 4;
/// Longest measurement, however few the users.
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// Failed requests that are shown.
const SHOWN: usize = 10;
/// Edges with the real ones, and what a click may take in ms until all of them acknowledged.
const CROWDS: [(usize, Limit); 2] = [(100, Limit::None), (1_000, Limit::Below(1_000.0))];

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    alone(plan, report).await.context("one edge")?;
    let town = Town::start(EDGES, plan.user_rate).await?;
    town.bench(NEW).await?;
    let begun = Utc::now();
    let made = town.made()?;
    let rollout = town.begin(NEW).await?;
    town.promote_fully(&rollout).await?;
    let mut backs = Vec::new();
    while town.made()? < made + plan.user_requests {
        if Utc::now() - begun > LONGEST {
            bail!("{} requests in {LONGEST:?}: too few", town.made()? - made);
        }
        let whole = backs.len().is_multiple_of(WHOLE);
        backs.push(back_and_forth(&town, &rollout, whole).await?);
    }
    let seen = Seen::read(&town, begun, &mut backs).context("reading the ledger")?;
    seen.report(&backs, report);
    let mut crowd = Crowd::default();
    for (edges, limit) in CROWDS {
        crowd.grow(&town, edges).await.with_context(|| format!("{edges} edges"))?;
        let clicks = clicks(&town, &rollout, plan.clicks);
        let backs = tokio::select! {
            backs = clicks => backs.with_context(|| format!("{edges} edges"))?,
            ended = crowd.ended() => return Err(ended),
        };
        say_of_crowd(edges, limit, &backs, report);
    }
    Ok(())
}

/// Clicks with one Envoy, under all users of its region.
async fn alone(plan: &Plan, report: &mut Report) -> Result<()> {
    let town = Town::start(1, plan.user_rate).await?;
    town.bench(NEW).await?;
    let rollout = town.begin(NEW).await?;
    town.promote_fully(&rollout).await?;
    let backs = clicks(&town, &rollout, plan.clicks).await?;
    say_clicks("1 Envoy", Limit::Below(250.0), &backs, report);
    Ok(())
}

/// Rolls back and promotes again so many times, with what users saw of it.
async fn clicks(town: &Town, rollout: &str, count: usize) -> Result<Vec<Back>> {
    let begun = Utc::now();
    let mut backs = Vec::new();
    for _ in 0..count {
        // Simulated edges log no requests, so that "none is seen any more" cannot be waited for.
        backs.push(back_and_forth(town, rollout, false).await?);
    }
    Seen::read(town, begun, &mut backs).context("reading the ledger")?;
    Ok(backs)
}

/// A roll-back from the click to its undoing.
struct Back {
    clicked: DateTime<Utc>,
    undone: DateTime<Utc>,
    /// When the last edge acknowledged; `None`: it had acknowledged more before anybody looked.
    acknowledged: Option<DateTime<Utc>>,
    /// When the last user had an answer of the version that was taken back.
    last_answer: Option<DateTime<Utc>>,
}

/// All requests are on the new version, before and after.
async fn back_and_forth(town: &Town, rollout: &str, whole: bool) -> Result<Back> {
    let clicked = Utc::now();
    let revision = town.ask(rollout, "roll-back").await?;
    let acknowledged = town.acknowledged(rollout, revision).await?;
    if whole {
        town.state(rollout, &["rolled-back"]).await?;
    }
    let undone = Utc::now();
    town.ask(rollout, "undo").await?;
    town.promote_fully(rollout).await?;
    Ok(Back { clicked, undone, acknowledged, last_answer: None })
}

/// What the ledger says.
struct Seen {
    requests: usize,
    failed: Vec<Entry>,
    seconds: f64,
}

impl Seen {
    fn read(town: &Town, begun: DateTime<Utc>, backs: &mut [Back]) -> io::Result<Self> {
        let (mut requests, mut failed) = (0, Vec::new());
        let ended = Utc::now();
        read::each(&town.ledger(), Some(begun), |entry| {
            requests += 1;
            note_last(&entry, backs);
            if entry.failed() {
                failed.push(entry);
            }
        })?;
        let seconds = (ended - begun).as_seconds_f64();
        Ok(Self { requests, failed, seconds })
    }

    fn report(&self, backs: &[Back], report: &mut Report) {
        for entry in self.failed.iter().take(SHOWN) {
            eprintln!("failed: {entry:?}");
        }
        let how = format!(
            "of {} requests, {:.0} a second, to two services through 4 Envoys of a lab with real \
             processes; {} promotions and {} roll-backs of one; from the ledger",
            self.requests,
            self.requests as f64 / self.seconds,
            backs.len() + 1,
            backs.len()
        );
        let name = "users' requests failed during promotions and roll-backs";
        report.add(name, Limit::AtMost(0.0), self.failed.len() as f64, "", how);
        say_clicks(&format!("{EDGES} Envoys"), Limit::Below(250.0), backs, report);
    }
}

/// With real edges alone.
fn say_clicks(what: &str, limit: Limit, backs: &[Back], report: &mut Report) {
    let how = "POST to the API of the whole server; its own note of each acknowledgement";
    say_acknowledged(what, limit, backs, how, report);
    let name = format!("click on roll-back to last answer of the bad version, {what}");
    let how = "the same clicks; end of the last answer in the users' ledger";
    say(&name, limit, &left(backs), how, report);
}

fn say_of_crowd(edges: usize, limit: Limit, backs: &[Back], report: &mut Report) {
    let what = format!("{edges} edges");
    let how = format!(
        "POST to the API of the whole server with {EDGES} Envoys under users' requests, and \
         simulated edges over TLS; its own note of each acknowledgement"
    );
    say_acknowledged(&what, limit, backs, &how, report);
    let name = format!("click on roll-back to last answer of the bad version, {what}");
    let how = format!("the same clicks, users at the {EDGES} Envoys; from their ledger");
    say(&name, limit, &left(backs), &how, report);
}

fn say_acknowledged(what: &str, limit: Limit, backs: &[Back], how: &str, report: &mut Report) {
    let samples = backs.iter().filter_map(|back| since(back, back.acknowledged)).collect();
    let name = format!("click on roll-back to last acknowledgement, {what}");
    say(&name, limit, &samples, how, report);
}

/// Milliseconds until users left the bad version; without an answer of it since the click, at once.
fn left(backs: &[Back]) -> Samples {
    backs.iter().map(|back| since(back, back.last_answer).unwrap_or(0.0)).collect()
}

fn since(back: &Back, end: Option<DateTime<Utc>>) -> Option<f64> {
    end.map(|end| (end - back.clicked).as_seconds_f64() * 1_000.0)
}

/// Takes an answer of the new version as the last one after a click, as long as none is later.
fn note_last(entry: &Entry, backs: &mut [Back]) {
    if entry.service.as_str() != SERVICE || entry.version.as_deref() != Some(NEW) {
        return;
    }
    let at = entry.ended_at();
    let clicks = backs.partition_point(|back| back.clicked <= at);
    let back = clicks.checked_sub(1).and_then(|nth| backs.get_mut(nth));
    if let Some(back) = back.filter(|back| at < back.undone) {
        back.last_answer = back.last_answer.max(Some(at));
    }
}

fn say(name: &str, limit: Limit, samples: &Samples, how: &str, report: &mut Report) {
    for (percent, limit) in [(50.0, Limit::None), (99.0, limit)] {
        let how = format!("{how}; {} times", samples.len());
        let value = samples.percentile(percent);
        report.add(format!("{name}, p{percent}"), limit, value, "ms", how);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_of_the_bad_version_belongs_to_the_click_before_it() {
        let at = |ms: i64| DateTime::from_timestamp_millis(ms).unwrap();
        let back = |clicked, undone| Back {
            clicked: at(clicked),
            undone: at(undone),
            acknowledged: None,
            last_answer: None,
        };
        let entry = |sent, version: &str| Entry {
            at: at(sent),
            latency_ms: 10.0,
            edge: "edge".parse().unwrap(),
            service: SERVICE.parse().unwrap(),
            version: Some(version.to_owned()),
            datacenter: None,
            status: Some(200),
            bytes: 0,
            session: 1,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            error: None,
        };
        let mut backs = [back(1_000, 2_000), back(3_000, 4_000)];
        for (sent, version) in
            [(980, NEW), (995, NEW), (1_020, NEW), (1_030, "1.0.0"), (1_995, NEW), (2_500, NEW)]
        {
            note_last(&entry(sent, version), &mut backs);
        }
        assert_eq!(backs[0].last_answer, Some(at(1_030)));
        assert_eq!(backs[1].last_answer, None);
    }
}
