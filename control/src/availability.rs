//! How available services were, for pages and reports, and what people say of outages.
//!
//! Invariant: what a person says is a new entry on top of what stood, in one transaction with its
//! audit entry; it names how much had been said when it was written, so nobody is overruled unseen.
//!
//! Sums are worked out once for each decided minute and shared ([`shared`]).
//!
//! Must not: decide. What a minute was and what may be said is in [`mainstay_core::availability`].

pub(crate) mod shared;

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::Action;
use mainstay_core::availability::burn::Lately;
use mainstay_core::availability::cause::Cause;
use mainstay_core::availability::outage::{
    Account, Correction, OutageId, Refused, Told, correct as may_correct,
};
use mainstay_core::availability::{Cell, State, Tally, Total, exclude};
use mainstay_core::failover::RunId;
use mainstay_core::id::ServiceId;
use mainstay_core::problem::Record;
use mainstay_core::rollout::RolloutId;
use mainstay_store::availability::outage as stored;
use mainstay_store::availability::read::{self, By as Apart, Filter, Grain};
use mainstay_store::{StoreError, audit, failover, problem, rollout};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Control;
use crate::access::By;
use crate::once::{Form, Once};
use shared::Shared;

/// Everything that is known of a period.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// From when on minutes were decided at all, and up to when; `None`: none was.
    pub known: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// By service and region; what was excluded is marked in them.
    pub totals: Vec<Total>,
    /// By hour or day and region, group or service, oldest first.
    pub buckets: Vec<(DateTime<Utc>, String, Tally)>,
    /// Outages that a person excluded.
    pub excluded: Vec<Told>,
}

impl Picture {
    /// What it is made of, to know its size.
    fn rows(&self) -> usize {
        self.totals.len() + self.buckets.len() + self.excluded.len()
    }
}

/// What a picture is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    filter: Filter,
    period: (DateTime<Utc>, DateTime<Utc>),
    sums: Grain,
    line: Option<(Grain, Apart)>,
}

/// Sums that are shared between those who ask for the same.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pictures: Shared<Asked, Picture>,
    lately: Shared<(), Vec<(ServiceId, Lately)>>,
}

/// One outage with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Detail {
    pub told: Told,
    /// Newest first.
    pub corrections: Vec<Correction>,
    /// Problems that were open in the time around the outage.
    pub problems: Vec<Record>,
    /// Of one service: its minutes around the outage.
    pub minutes: Vec<(DateTime<Utc>, State)>,
}

/// What a person says of an outage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correct {
    pub cause: Option<Cause>,
    pub counted: bool,
    pub problem: Option<i64>,
    pub rollout: Option<RolloutId>,
    pub run: Option<RunId>,
    pub reason: String,
    /// How many corrections there were when it was written.
    pub corrections: u32,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AvailabilityError {
    #[error("there is no such outage")]
    NotFound,
    /// What is wrong with what was written.
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{0}")]
    Form(String),
    #[error("somebody else corrected this outage meanwhile: load the page again")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Form> for AvailabilityError {
    fn from(form: Form) -> Self {
        Self::Form(form.0.to_owned())
    }
}

impl Control {
    /// What is known of the hours or days that begin within a period; `line`: how fine, and what
    /// by, it is told over time, if it is.
    pub async fn availability(
        &self,
        filter: &Filter,
        period: (DateTime<Utc>, DateTime<Utc>),
        (sums, line): (Grain, Option<(Grain, Apart)>),
    ) -> Result<Picture, StoreError> {
        let pool = self.store.reads();
        let version = read::version(pool).await?;
        let asked = Asked { filter: filter.clone(), period, sums, line };
        let buckets = async || match line {
            Some(line) => read::buckets(pool, line, filter, period).await,
            None => Ok(Vec::new()),
        };
        let read = async || {
            let (mut totals, buckets, excluded) = tokio::try_join!(
                read::totals(pool, sums, filter, period),
                buckets(),
                stored::excluded(pool, filter, period),
            )?;
            exclude(&mut totals, &excluded, period.0, period.1);
            Ok(Picture { known: version.decided, totals, buckets, excluded })
        };
        self.sums.pictures.get(asked, version, Picture::rows, read).await
    }

    /// What was good of each service in the last hours and days.
    pub async fn availability_lately(&self) -> Result<Vec<(ServiceId, Lately)>, StoreError> {
        let pool = self.store.reads();
        let version = read::version(pool).await?;
        let Some((_, decided)) = version.decided else { return Ok(Vec::new()) };
        let read = async || read::decided_lately(pool, decided).await;
        let mut lately = self.sums.lately.get((), version, Vec::len, read).await?;
        read::add_requests(pool, &mut lately, Utc::now()).await?;
        Ok(lately)
    }

    /// Outages that touch a period, newest first; `before`: the last one of the page before.
    pub async fn outages(
        &self,
        filter: &Filter,
        period: (DateTime<Utc>, DateTime<Utc>),
        before: Option<OutageId>,
        limit: i64,
    ) -> Result<Vec<Told>, StoreError> {
        stored::list(self.store.reads(), filter, period, before, limit).await
    }

    /// One outage, and its minutes in the time around it.
    pub async fn outage(
        &self,
        id: OutageId,
        around: impl Fn(&Told) -> (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Option<Detail>, StoreError> {
        let pool = self.store.reads();
        let told = stored::get(&mut *pool.acquire().await?, id, false).await?;
        let Some(told) = told else { return Ok(None) };
        let corrections = stored::corrections(pool, id).await?;
        let (from, until) = around(&told);
        let problems = problem::during(pool, from, until).await?;
        let service = told.outage.services.first().filter(|_| told.outage.services.len() == 1);
        let minutes = match service {
            None => Vec::new(),
            Some(service) => {
                let cell = Cell { service: service.clone(), region: told.outage.region.clone() };
                read::minutes(pool, &cell, (from, until)).await?
            }
        };
        Ok(Some(Detail { told, corrections, problems, minutes }))
    }

    /// Says what an outage was, on top of what stands.
    pub async fn correct_outage(
        &self,
        by: &By,
        id: OutageId,
        ask: &Correct,
        key: &str,
    ) -> Result<Correction, AvailabilityError> {
        let once = &Once::new(key, by, &("correct", id, ask))?;
        self.linked(ask).await?;
        let (by, ask) = (&Arc::new(by.clone()), &Arc::new(ask.clone()));
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<Correction, AvailabilityError>(tx).await? {
                        return Ok(answer);
                    }
                    let Some(told) = stored::get(tx, id, true).await? else {
                        return Ok(Err(AvailabilityError::NotFound));
                    };
                    if told.corrections != ask.corrections {
                        return Ok(Err(AvailabilityError::Changed));
                    }
                    let correction = match correction(by, &told, ask) {
                        Ok(correction) => correction,
                        Err(refused) => return Ok(Err(refused.into())),
                    };
                    stored::append(tx, id, &correction).await?;
                    audit::append(tx, &event(by, id, &correction)).await?;
                    once.remember(tx, &correction, correction.at).await?;
                    Ok(Ok(correction))
                })
            })
            .await?
    }

    /// Whether everything exists that a person links to.
    async fn linked(&self, ask: &Correct) -> Result<(), AvailabilityError> {
        let pool = self.store.reads();
        let missing = |what: String| {
            Err(AvailabilityError::Form(format!("there is no {what}: write one that exists")))
        };
        match ask.problem {
            Some(id) if problem::get(pool, id).await?.is_none() => {
                return missing(format!("problem at-{id}"));
            }
            Some(_) | None => {}
        }
        match ask.rollout {
            Some(id) if rollout::get(pool, id).await?.is_none() => {
                return missing(format!("rollout {id}"));
            }
            Some(_) | None => {}
        }
        match ask.run {
            Some(id) if failover::get(pool, id).await?.is_none() => {
                missing(format!("failover {id}"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn correction(by: &By, told: &Told, ask: &Correct) -> Result<Correction, Refused> {
    let new = Account {
        cause: ask.cause,
        counted: ask.counted,
        problem: ask.problem,
        rollout: ask.rollout,
        run: ask.run,
    };
    let old = told.account.clone();
    may_correct(told.outage.kind, &old, &new, &ask.reason)?;
    Ok(Correction {
        at: Utc::now().trunc_subsecs(6),
        by: by.actor.clone(),
        reason: ask.reason.trim().to_owned(),
        old,
        new,
    })
}

fn event(by: &By, id: OutageId, correction: &Correction) -> mainstay_core::audit::Event {
    let object = format!("/availability/outages/{id}");
    let mut event = by.event(Action::OutageCorrect, object, correction.at);
    event.reason = Some(correction.reason.clone());
    event.before = Some(json!(correction.old));
    event.after = Some(json!(correction.new));
    event
}
