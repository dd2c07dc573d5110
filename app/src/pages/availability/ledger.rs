//! The ledger of downtime: outages and gaps with what each is put down to.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::availability::cause::Cause;
use mainstay_core::availability::outage::{Account, Kind, Told};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::text;
use crate::text::availability as words;
use crate::ui::badge::state;
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// One outage or gap.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OutageRow {
    pub id: String,
    pub href: String,
    /// `down` or `gap`.
    pub kind: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub started_at: DateTime<Utc>,
    /// Absent: it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    pub length_seconds: i64,
    /// What was hit, in words.
    pub scope: String,
    pub region: String,
    pub services: Vec<String>,
    pub datacenters: Vec<String>,
    /// Requests in its minutes, and how many failed; none where probes told of it.
    pub requests: u64,
    pub errors: u64,
    /// Minutes of services: down without a plan, planned, not measured.
    pub down_minutes: u64,
    pub planned_minutes: u64,
    pub unmeasured_minutes: u64,
    /// Minutes that count in what is net of planned work.
    pub counted_minutes: u64,
    /// As R25 tells them apart; absent: not told yet.
    #[schema(value_type = Option<String>)]
    pub cause: Option<Cause>,
    pub counted: bool,
    /// A person said something of it.
    pub corrected: bool,
    pub links: Vec<String>,
}

impl OutageRow {
    pub fn of(told: &Told) -> Self {
        let (outage, account) = (&told.outage, &told.account);
        let texts = |ids: &mut dyn Iterator<Item = String>| ids.collect();
        Self {
            id: told.id.to_string(),
            href: paths::availability_outage(told.id),
            kind: outage.kind.name().to_owned(),
            tone: match outage.kind {
                Kind::Down if outage.down == 0 => Tone::Plan,
                Kind::Down => Tone::Crit,
                Kind::Gap => Tone::Unk,
            },
            started_at: outage.started_at,
            ended_at: outage.ended.then_some(outage.last_at),
            length_seconds: outage.length().num_seconds(),
            scope: words::scope(outage),
            region: outage.region.to_string(),
            services: texts(&mut outage.services.iter().map(ToString::to_string)),
            datacenters: texts(&mut outage.datacenters.iter().map(ToString::to_string)),
            requests: outage.requests,
            errors: outage.errors,
            down_minutes: outage.down,
            planned_minutes: outage.planned,
            unmeasured_minutes: outage.unmeasured,
            counted_minutes: if account.counted { outage.down } else { 0 },
            cause: account.cause,
            counted: account.counted,
            corrected: told.corrections > 0,
            links: links(account).into_iter().map(|(_, href)| href).collect(),
        }
    }

    /// How many of the requests failed, in words.
    pub(super) fn share(&self) -> String {
        match self.requests {
            _ if self.kind == Kind::Gap.name() => t!("availability-none"),
            0 => t!("outage-by-probes"),
            all => {
                let percent = self.errors * 100 / all;
                let (errors, all) = (text::number(self.errors), text::number(all));
                t!("outage-share", percent = percent, errors = errors, requests = all)
            }
        }
    }

    /// Whether it counts, and why not.
    pub(super) fn counts(&self) -> String {
        match (self.kind == Kind::Gap.name(), self.counted) {
            (true, _) if self.corrected => t!("outage-explained"),
            (true, _) => t!("outage-unexplained"),
            (false, true) => t!("outage-counted"),
            (false, false) => t!("outage-excluded"),
        }
    }
}

/// What an account links to: its name and its address.
pub(super) fn links(account: &Account) -> Vec<(String, String)> {
    let problem = account.problem.map(|id| (format!("at-{id}"), paths::problem(id)));
    let rollout = account.rollout.map(|id| (id.to_string(), paths::rollout(id)));
    let run = account.run.map(|id| (id.to_string(), paths::failover_run(id)));
    problem.into_iter().chain(rollout).chain(run).collect()
}

/// The table; `now`: for times of the same day.
pub(super) fn view(rows: &[OutageRow], now: DateTime<Utc>) -> AnyView {
    let columns = vec![
        Column::new(t!("outage-col-id")),
        Column::new(t!("outage-col-scope")),
        Column::new(t!("outage-col-start")),
        Column::new(t!("outage-col-end")),
        Column::number(t!("outage-col-length")),
        Column::new(t!("outage-col-share")),
        Column::number(t!("outage-col-minutes")),
        Column::new(t!("outage-col-cause")),
        Column::new(t!("outage-col-counts")),
    ];
    let body = rows.iter().map(|row| row_view(row, now)).collect_view();
    table(t!("outage-ledger"), columns, body)
}

fn row_view(row: &OutageRow, now: DateTime<Utc>) -> AnyView {
    let ended = match row.ended_at {
        Some(at) => time(at, now),
        None => state(Tone::Warn, t!("outage-goes-on")),
    };
    let links = row.links.iter().map(|href| {
        let name = href.rsplit('/').next().unwrap_or(href).to_owned();
        view! { " "<a href=href.clone()>{name}</a> }
    });
    let links: Vec<_> = links.collect();
    let minutes = match row.kind == Kind::Gap.name() {
        true => text::number(row.unmeasured_minutes),
        false => text::number(row.down_minutes + row.planned_minutes),
    };
    let length = text::duration(chrono::TimeDelta::seconds(row.length_seconds));
    view! {
        <tr>
            <th scope="row"><a href=row.href.clone()>{row.id.clone()}</a></th>
            <td data-l=t!("outage-col-scope")>{state(row.tone, row.scope.clone())}</td>
            <td data-l=t!("outage-col-start")>{time(row.started_at, now)}</td>
            <td data-l=t!("outage-col-end")>{ended}</td>
            <td class="num" data-l=t!("outage-col-length")>{length}</td>
            <td data-l=t!("outage-col-share")>{row.share()}</td>
            <td class="num" data-l=t!("outage-col-minutes")>{minutes}</td>
            <td data-l=t!("outage-col-cause")><span>{words::cause(row.cause)}{links}</span></td>
            <td data-l=t!("outage-col-counts")>{row.counts()}</td>
        </tr>
    }
    .into_any()
}
