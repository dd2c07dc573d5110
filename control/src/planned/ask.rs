//! Planning an event, and what is asked of one.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::approval::{Approval, Kind, Reach, Wish};
use mainstay_core::audit::{Action, Event, Outcome};
use mainstay_core::planned::check::Check;
use mainstay_core::planned::request::{self, WAIVER_WAITS, Waiver};
use mainstay_core::planned::{Content, EventId, PlannedEvent};
use mainstay_store::planned::{self as stored, Logged};
use mainstay_store::{StoreError, Tx, approval, audit, release};
use serde::Serialize;
use serde_json::json;

use super::facts::Known;
use super::{PlannedError, REASON_MAX_CHARS};
use crate::Control;
use crate::access::By;
use crate::approvals;
use crate::once::Once;

/// What is asked of an event that stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Request {
    /// Other words; each of its fields is as it shall be.
    Change {
        content: Box<Content>,
    },
    Tick {
        check: Check,
        note: String,
    },
    Start,
    End {
        note: String,
    },
    Cancel {
        why: String,
    },
}

impl Request {
    pub const fn action(&self) -> Action {
        match self {
            Self::Change { .. } => Action::EventChange,
            Self::Tick { .. } => Action::EventTick,
            Self::Start => Action::EventStart,
            Self::End { .. } => Action::EventEnd,
            Self::Cancel { .. } => Action::EventCancel,
        }
    }

    fn note(&self) -> Option<&str> {
        match self {
            Self::Tick { note, .. } | Self::End { note } | Self::Cancel { why: note } => Some(note),
            Self::Change { .. } | Self::Start => None,
        }
    }
}

fn check_length(text: &str) -> Result<(), PlannedError> {
    if text.chars().count() > REASON_MAX_CHARS {
        let words = format!("write at most {REASON_MAX_CHARS} characters");
        return Err(PlannedError::Form(words));
    }
    Ok(())
}

impl Control {
    /// Plans an event.
    pub async fn plan_event(
        &self,
        by: &By,
        content: Content,
        key: &str,
    ) -> Result<PlannedEvent, PlannedError> {
        let content = &content.trimmed();
        let once = &Once::new(key, by, &("plan-event", content))?;
        let fleet = self.snapshot().estate.fleet;
        let now = Utc::now().trunc_subsecs(6);
        let mistakes = &content.mistakes(&fleet, now);
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    release::lock(tx).await?;
                    if let Some(answer) = once.recall(tx).await? {
                        return Ok(answer);
                    }
                    if !mistakes.is_empty() {
                        return Ok(Err(PlannedError::Mistakes(mistakes.clone())));
                    }
                    let open = stored::open(tx).await?.len();
                    if i64::try_from(open).unwrap_or(i64::MAX) >= stored::PAGE_MAX {
                        let words = format!("{open} events are open; end or cancel some first");
                        return Ok(Err(PlannedError::Form(words)));
                    }
                    let event = stored::insert(tx, content, by.person(), now).await?;
                    write(tx, by, Action::EventPlan, (None, &event), "").await?;
                    once.remember(tx, &event, now).await?;
                    Ok(Ok(event))
                })
            })
            .await?
    }

    /// Asks something of an event; returns it as it stands then. `revision`: of the event that was
    /// shown.
    pub async fn ask_event(
        &self,
        by: &By,
        id: EventId,
        request: Request,
        revision: Option<i64>,
        key: &str,
    ) -> Result<PlannedEvent, PlannedError> {
        check_length(request.note().unwrap_or_default())?;
        let request = match request {
            Request::Change { content } => Request::Change { content: Box::new(content.trimmed()) },
            Request::Tick { .. }
            | Request::Start
            | Request::End { .. }
            | Request::Cancel { .. } => request,
        };
        let once = &Once::new(key, by, &(id, &request))?;
        if matches!(request, Request::Start)
            && let Some(event) = self.planned_event(id).await?
        {
            // Outside of the transaction: a repository may take its time.
            self.look_again(&event.content).await?;
        }
        self.refresh().await;
        let known = self.known().await?;
        let now = Utc::now().trunc_subsecs(6);
        let asked = &Asked { by, id, request: &request, revision, known, now };
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let known = asked.known.with_releases(release::lock(tx).await?);
                    if let Some(answer) = once.recall(tx).await? {
                        return Ok(answer);
                    }
                    let answer = asked.answer(tx, &known).await?;
                    if let Ok(event) = &answer {
                        once.remember(tx, event, now).await?;
                    }
                    Ok(answer)
                })
            })
            .await?
    }

    /// Asks a second person to let an event go without a check.
    pub async fn waive_check(
        &self,
        by: &By,
        id: EventId,
        (check, reason, until): (Check, &str, DateTime<Utc>),
        key: &str,
    ) -> Result<Approval, PlannedError> {
        let reason = reason.trim();
        check_length(reason)?;
        let once = &Once::new(key, by, &("waive", id, check, reason, until))?;
        self.refresh().await;
        let known = &self.known().await?;
        let now = Utc::now().trunc_subsecs(6);
        let asked = &Waiving { by, id, check, reason, until, now };
        let answer = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    let known = known.with_releases(release::lock(tx).await?);
                    if let Some(answer) = once.recall(tx).await? {
                        return Ok(answer);
                    }
                    let answer = asked.answer(tx, &known).await?;
                    if let Ok(approval) = &answer {
                        once.remember(tx, approval, now).await?;
                    }
                    Ok(answer)
                })
            })
            .await?;
        if answer.is_ok() {
            self.refresh().await;
        }
        answer
    }
}

struct Asked<'a> {
    by: &'a By,
    id: EventId,
    request: &'a Request,
    revision: Option<i64>,
    known: Known,
    now: DateTime<Utc>,
}

impl Asked<'_> {
    async fn answer(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
    ) -> Result<Result<PlannedEvent, PlannedError>, StoreError> {
        let Some(event) = stored::get(tx, self.id).await? else {
            return Ok(Err(PlannedError::NotFound));
        };
        if self.revision.is_some_and(|shown| shown != event.revision) {
            let at = event.changed_at.format("%H:%M:%S UTC");
            let words = format!("{} was changed meanwhile, at {at}; look at it again", event.id);
            refuse(tx, self.event(), &words).await?;
            return Ok(Err(PlannedError::Changed(words)));
        }
        let next = match self.next(tx, known, &event).await? {
            Ok(next) => next,
            Err(error @ PlannedError::Refused(_)) => {
                refuse(tx, self.event(), &error.to_string()).await?;
                return Ok(Err(error));
            }
            Err(error) => return Ok(Err(error)),
        };
        let next = PlannedEvent { revision: event.revision + 1, changed_at: self.now, ..next };
        if !stored::update(tx, &next).await? {
            return Err(StoreError::corrupt("an event", "it changed under its lock"));
        }
        let note = self.request.note().unwrap_or_default().trim();
        write(tx, self.by, self.request.action(), (Some(&event), &next), note).await?;
        Ok(Ok(next))
    }

    /// The event as it is to be.
    async fn next(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        event: &PlannedEvent,
    ) -> Result<Result<PlannedEvent, PlannedError>, StoreError> {
        let (name, now) = (self.by.person(), self.now);
        let next = match self.request {
            Request::Change { content } => {
                let changed = request::change(event, content);
                let mistakes = content.mistakes(&known.estate.fleet, now);
                if changed.is_ok() && !mistakes.is_empty() {
                    return Ok(Err(PlannedError::Mistakes(mistakes)));
                }
                changed
            }
            Request::Tick { check, note } => request::tick(event, *check, name, note, now),
            Request::Start => {
                let judged = known.judge(tx, event, now).await?;
                let asked = approval::waivers(tx, event.id).await?;
                let waivers: Vec<_> = asked.iter().filter_map(Waiver::of).collect();
                request::start(event, &judged, &waivers, name, now)
            }
            Request::End { note } => request::end(event, name, note, now),
            Request::Cancel { why } => request::cancel(event, name, why, now),
        };
        Ok(next.map_err(PlannedError::Refused))
    }

    fn event(&self) -> Event {
        let path = format!("/events/{}", self.id);
        let mut event = self.by.event(self.request.action(), path, self.now);
        event.reason =
            self.request.note().map(str::trim).filter(|it| !it.is_empty()).map(Into::into);
        event
    }
}

struct Waiving<'a> {
    by: &'a By,
    id: EventId,
    check: Check,
    reason: &'a str,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Waiving<'_> {
    async fn answer(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
    ) -> Result<Result<Approval, PlannedError>, StoreError> {
        let (now, until) = (self.now, self.until.trunc_subsecs(6));
        let Some(event) = stored::get(tx, self.id).await? else {
            return Ok(Err(PlannedError::NotFound));
        };
        let judged = known.judge(tx, &event, now).await?;
        let mut entry = self.by.event(Action::EventWaive, event.path(), now);
        entry.reason = Some(self.reason.to_owned());
        let subject = match request::waive(&event, &judged, self.check, (self.reason, until), now) {
            Ok(subject) => subject,
            Err(refusal) => {
                refuse(tx, entry, &refusal.to_string()).await?;
                return Ok(Err(PlannedError::Refused(refusal)));
            }
        };
        let fleet = &known.estate.fleet;
        let wish = Wish {
            kind: Kind::Permission,
            hash: subject.hash(),
            subject,
            reach: Reach {
                groups: event.content.groups(fleet),
                datacenters: event.content.datacenters.clone(),
            },
            by: self.by.person().to_owned(),
            reason: self.reason.to_owned(),
            at: now,
            until: until.min(now + WAIVER_WAITS),
        };
        let approval = approvals::ask(tx, &wish).await?;
        let note = format!("{}: {}", self.check.name(), self.reason);
        let actor = self.by.actor.clone();
        let logged = Logged { at: now, actor, action: Action::EventWaive, note };
        stored::append(tx, event.id, &logged).await?;
        entry.after = Some(json!({
            "check": self.check,
            "until": until,
            "approval": approval.id,
        }));
        audit::append(tx, &entry).await?;
        Ok(Ok(approval))
    }
}

/// Writes what was done to an event into its log and the audit log.
async fn write(
    tx: &mut Tx<'_>,
    by: &By,
    action: Action,
    (before, after): (Option<&PlannedEvent>, &PlannedEvent),
    note: &str,
) -> Result<(), StoreError> {
    let (at, actor) = (after.changed_at, by.actor.clone());
    let logged = Logged { at, actor, action, note: note.to_owned() };
    stored::append(tx, after.id, &logged).await?;
    let mut event = by.event(action, after.path(), at);
    event.reason = (!note.is_empty()).then(|| note.to_owned());
    event.before = before.map(|before| json!(before));
    event.after = Some(json!(after));
    audit::append(tx, &event).await.map(drop)
}

/// Writes that something was refused, in the words that the person gets.
async fn refuse(tx: &mut Tx<'_>, event: Event, words: &str) -> Result<(), StoreError> {
    let after = Some(json!({ "refused": words }));
    audit::append(tx, &Event { outcome: Outcome::Refused, after, ..event }).await.map(drop)
}
