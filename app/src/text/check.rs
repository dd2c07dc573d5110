//! How evidence about a rollout is said: the checks before a start and beside the way back.

use chrono::{DateTime, Utc};
use mainstay_core::rollout::{Level, Line, SchemaChange};

use crate::t;
use crate::text::{bytes, list, moment, number, rollout};
use crate::ui::tone::Tone;

/// Names of one sentence; a fleet may have a thousand edges.
const NAMES_MAX: usize = 6;

/// The look of a check's answer.
pub const fn level(level: Level) -> Tone {
    match level {
        Level::Ok => Tone::Ok,
        Level::Unknown => Tone::Unk,
        Level::Warn => Tone::Warn,
        Level::Block => Tone::Crit,
    }
}

/// One word for the look, for those who do not see it.
pub fn level_word(level: Level) -> String {
    match level {
        Level::Ok => t!("level-ok"),
        Level::Unknown => t!("level-unknown"),
        Level::Warn => t!("level-warn"),
        Level::Block => t!("level-block"),
    }
}

/// A check in one sentence. `to` is the new version.
pub fn line(line: &Line, to: &str, now: DateTime<Utc>) -> String {
    match line {
        Line::OldServes { version, serving, wanted, unheard } => {
            old_serves(version, (*serving, *wanted), unheard)
        }
        Line::OldComesUpFirst { version, nodes } => {
            t!("check-comes-up", version = version.as_str(), nodes = number(*nodes))
        }
        Line::Schema { change } => match change {
            SchemaChange::None => t!("check-schema-none", version = to),
            SchemaChange::Reversible => t!("check-schema-reversible"),
            SchemaChange::Irreversible => t!("check-schema-irreversible"),
        },
        Line::Configuration { compatible: true } => t!("check-config"),
        Line::Configuration { compatible: false } => t!("check-config-not"),
        Line::Bench { expires_at: Some(at) } => {
            t!("check-bench", version = to, at = moment(*at, now))
        }
        Line::Bench { expires_at: None } => t!("check-bench-not", version = to),
        Line::Traffic { per_second } => match per_second {
            Some(rate) if *rate > 0.0 => t!("check-traffic", rate = rollout::rate(*rate)),
            Some(_) => t!("check-traffic-none"),
            None => t!("check-traffic-unknown"),
        },
        Line::OtherRollouts { rollouts } if rollouts.is_empty() => t!("check-alone"),
        Line::OtherRollouts { rollouts } => {
            t!("check-others", ids = list(rollouts.iter().map(ToString::to_string)))
        }
        Line::Problems { ids } if ids.is_empty() => t!("check-no-problems"),
        Line::Problems { ids } => t!(
            "check-problems",
            n = ids.len(),
            count = number(ids.len() as u64),
            ids = list(ids.iter().map(|id| format!("at-{id}")))
        ),
        Line::Extra { instances, memory_bytes } => match memory_bytes {
            Some(memory) => {
                t!("check-extra", instances = number(*instances), memory = bytes(*memory))
            }
            None => t!("check-extra-unknown", instances = number(*instances)),
        },
        Line::Share { by_region } if by_region.is_empty() => t!("check-share-none", version = to),
        Line::Share { by_region } => {
            let shares = by_region.iter().map(|(region, share)| {
                t!("check-share-of", region = region.as_str(), share = rollout::weight(*share))
            });
            t!("check-share", version = to, shares = list(shares))
        }
        Line::Edges { connected, away } if away.is_empty() => {
            t!("check-edges", count = number(*connected))
        }
        Line::Edges { connected, away } => t!(
            "check-edges-away",
            count = number(*connected),
            away = some(away.iter().map(|edge| edge.as_str()))
        ),
    }
}

/// The first of many names, and how many more there are.
fn some<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let names = list(names.take(NAMES_MAX));
    match more {
        0 => names,
        more => t!("answer-more", names = names, more = number(more as u64)),
    }
}

fn old_serves(
    version: &str,
    (serving, wanted): (u32, u32),
    unheard: &[mainstay_core::id::DatacenterId],
) -> String {
    let said = if serving == 0 {
        t!("check-old-gone", version = version)
    } else if serving < wanted {
        t!("check-old-short", version = version, serving = number(serving), wanted = number(wanted))
    } else {
        t!("check-old", version = version, serving = number(serving))
    };
    if unheard.is_empty() {
        return said;
    }
    let names = list(unheard.iter().map(|dc| dc.as_str()));
    format!("{said} {}", t!("check-unheard", names = names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_edges_that_are_away_some_are_named() {
        let away = |count: usize| {
            let ids = (1..=count).map(|n| format!("edge-{n}").parse().expect("an id"));
            line(&Line::Edges { connected: 5, away: ids.collect() }, "2.0.0", DateTime::UNIX_EPOCH)
        };
        assert!(away(6).ends_with("edge-5, edge-6."), "{}", away(6));
        assert!(away(1_000).ends_with("edge-6 and 994 more."), "{}", away(1_000));
    }
}
