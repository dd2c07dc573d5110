//! Backups: many copies of many databases, what a copy costs beside the tool by itself, and how
//! soon a damaged one is known.

mod cluster;
mod cost;
mod damage;
mod estate;
mod group;
mod pages;

use anyhow::Result;

use crate::Plan;
use crate::report::Report;

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    // One that cannot be made keeps no other from being made.
    let parts = [
        pages::measure(plan, report).await,
        cost::measure(plan, report).await,
        damage::measure(report).await,
    ];
    for error in parts.iter().filter_map(|part| part.as_ref().err()) {
        eprintln!("backups: {error:#}");
    }
    parts.into_iter().collect()
}
