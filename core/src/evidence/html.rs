//! A pack as one page to read and print: no scripts, nothing from elsewhere.
//!
//! Owns its words, which are English whoever makes the pack: what an auditor holds in hands is the
//! same for everybody. Every text of the data goes through [`escape`].

use chrono::{DateTime, Utc};

use super::{Availability, Change, Failover, Log, Pack, Recovery};

/// Longest value of a change that is shown, in characters; the whole is in the data.
const VALUE_MAX_CHARS: usize = 2_000;

const STYLE: &str = "\
@page{margin:16mm}\
body{font:10.5pt/1.45 system-ui,sans-serif;color:#111;max-width:72rem;margin:2rem auto;\
padding:0 1rem}h1{font-size:1.7rem;margin:0 0 .3rem}\
h2{font-size:1.15rem;margin:2rem 0 .4rem;break-after:avoid}p{margin:.3rem 0;max-width:60rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}\
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #ccc}\
th{font-weight:600}tr{break-inside:avoid}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font-size:.85em}\
.bad{font-weight:700}.bad::before{content:'\u{2717} '}.good::before{content:'\u{2713} '}\
footer{margin-top:2rem;color:#555}";

/// Text as HTML shows it.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// `2026-11-20 03:12:07 UTC`.
pub fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The page.
pub fn page(pack: &Pack) -> String {
    let (from, until) = (moment(pack.from), moment(pack.until));
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n");
    out.push_str("<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    let fleet = escape(&pack.fleet);
    out.push_str(&format!("<title>Evidence of {fleet}, {from} to {until}</title>\n"));
    out.push_str(&format!("<style>{STYLE}</style>\n</head>\n<body>\n"));
    out.push_str(&format!("<h1>Evidence of {fleet}</h1>\n<p>From {from} to before {until}. "));
    out.push_str(&format!("Fleet file of revision {}.</p>\n", pack.fleet_revision));
    out.push_str(&log(pack.log));
    missing(pack, &mut out);
    failovers(pack, &mut out);
    backups(pack, &mut out);
    proofs(pack, &mut out);
    restores(pack, &mut out);
    approvals(pack, &mut out);
    changes("Changes of the fleet", &pack.fleet_changes, &mut out);
    changes("Changes of other rules", &pack.policy_changes, &mut out);
    changes("Accounts, roles, tokens and agents", &pack.access_changes, &mut out);
    findings(pack, &mut out);
    availability(pack, &mut out);
    out.push_str(
        "<footer><p>The same is in evidence.json for programs. SHA256SUMS has the checksum of each \
         file; that of the whole archive stands in the audit log. Check all of it with \
         <code>mainstay audit evidence verify FILE</code>, without any server.</p></footer>\n\
         </body>\n</html>\n",
    );
    out
}

fn log(log: Option<Log>) -> String {
    match log {
        Some(Log { first, end }) => format!(
            "<p>audit.jsonl has the entries {first} to {} of the audit log, with the signed \
             checkpoints that prove them and that none of them is missing.</p>\n",
            end.saturating_sub(1)
        ),
        None => "<p>No entry of the audit log of this period is signed.</p>\n".to_owned(),
    }
}

/// A table, or a sentence where there is nothing. Numbers' columns end with `#`.
fn table(heads: &[&str], rows: &[Vec<String>], none: &str, out: &mut String) {
    if rows.is_empty() {
        out.push_str(&format!("<p>{none}</p>\n"));
        return;
    }
    let class = |at: usize| match heads.get(at).is_some_and(|head| head.ends_with('#')) {
        true => " class=\"n\"",
        false => "",
    };
    out.push_str("<table>\n<thead><tr>");
    for (at, head) in heads.iter().enumerate() {
        let words = head.trim_end_matches('#');
        out.push_str(&format!("<th scope=\"col\"{}>{words}</th>", class(at)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            out.push_str(&format!("<td{}>{cell}</td>", class(at)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
}

fn or_dash(text: Option<&str>) -> String {
    text.map_or_else(|| "–".to_owned(), escape)
}

fn at_or_dash(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "–".to_owned(), moment)
}

fn missing(pack: &Pack, out: &mut String) {
    out.push_str("<h2>What is missing</h2>\n");
    if pack.missing.is_empty() {
        out.push_str("<p>Nothing: all that belongs here was measured and is here.</p>\n");
        return;
    }
    out.push_str("<ul>\n");
    for sentence in &pack.missing {
        out.push_str(&format!("<li>{}</li>\n", escape(sentence)));
    }
    out.push_str("</ul>\n");
}

fn failovers(pack: &Pack, out: &mut String) {
    out.push_str("<h2>Failovers and drills</h2>\n");
    let rows: Vec<_> = pack.failovers.iter().map(failover).collect();
    let heads = [
        "Run",
        "What",
        "Data centres left",
        "Began",
        "Ended",
        "By",
        "Allowed by",
        "Outcome",
        "Why",
    ];
    table(&heads, &rows, "There was none.", out);
    let recoveries = pack
        .failovers
        .iter()
        .flat_map(|run| run.groups.iter().map(move |group| recovery(&run.run, group)));
    let rows: Vec<_> = recoveries.collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("<p>Recovery by group: asked by the fleet file of today, and reached.</p>\n");
    let heads = [
        "Run",
        "Group",
        "RTO asked#",
        "RTO reached#",
        "RPO asked#",
        "RPO reached#",
        "Writes",
        "Not done",
    ];
    table(&heads, &rows, "", out);
}

fn failover(run: &Failover) -> Vec<String> {
    let what = match (&run.back, run.drill) {
        (Some(back), _) => format!("the way back of {}", escape(back)),
        (None, true) => "drill".to_owned(),
        (None, false) => "failover".to_owned(),
    };
    let emergency = if run.emergency { ", emergency" } else { "" };
    vec![
        escape(&run.run),
        format!("{what}, {}{emergency}", escape(&run.mode)),
        escape(&run.lose),
        moment(run.started_at),
        at_or_dash(run.ended_at),
        escape(&run.started_by),
        or_dash(run.allowed_by.as_deref()),
        or_dash(run.outcome.as_deref().or(Some(&run.state))),
        escape(&run.reason),
    ]
}

/// `4 min 10 s`.
fn length(seconds: Option<u64>) -> String {
    match seconds {
        None => "not known".to_owned(),
        Some(seconds @ 0..60) => format!("{seconds} s"),
        Some(seconds) if seconds % 60 == 0 => format!("{} min", seconds / 60),
        Some(seconds) => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

fn recovery(run: &str, group: &Recovery) -> Vec<String> {
    let mark = |held: Option<bool>, words: String| match held {
        Some(true) => format!("<span class=\"good\">{words}</span>"),
        Some(false) => format!("<span class=\"bad\">{words}</span>"),
        None => words,
    };
    let rpo = group.rpo_asked_seconds.zip(group.rpo_reached_seconds);
    let databases = !group.writes.is_empty();
    vec![
        escape(run),
        escape(&group.group),
        length(group.rto_asked_seconds),
        mark(group.rto_held, length(group.rto_reached_seconds)),
        length(group.rpo_asked_seconds),
        match databases {
            true => {
                let held = rpo.map(|(asked, reached)| reached <= asked);
                mark(held, length(group.rpo_reached_seconds))
            }
            false => "no database".to_owned(),
        },
        escape(&group.writes.join("; ")),
        escape(&group.not_done.join("; ")),
    ]
}

fn backups(pack: &Pack, out: &mut String) {
    out.push_str("<h2>Backups</h2>\n");
    let rows = pack.databases.iter().map(|it| {
        let number = |n: u64| n.to_string();
        vec![
            escape(&it.database),
            number(it.planned),
            number(it.made),
            number(it.missed),
            number(it.open),
            number(it.asked),
            number(it.tries_failed),
            number(it.proofs_passed),
            number(it.proofs_failed),
            at_or_dash(it.first_proof),
            at_or_dash(it.last_proof),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = [
        "Database",
        "Planned#",
        "Made#",
        "Missed#",
        "Open#",
        "Asked for#",
        "Tries failed#",
        "Proofs passed#",
        "Proofs failed#",
        "First proof",
        "Last proof",
    ];
    table(&heads, &rows, "The fleet has no database with copies.", out);
}

fn proofs(pack: &Pack, out: &mut String) {
    out.push_str("<h2>Restore proofs</h2>\n");
    let rows = pack.proofs.iter().map(|it| {
        vec![
            moment(it.told_at),
            escape(&it.database),
            escape(&it.copy),
            escape(&it.datacenter),
            escape(&it.target),
            escape(&it.outcome),
            it.seconds.map_or_else(|| "–".to_owned(), |seconds| length(Some(seconds))),
            or_dash(it.why.as_deref()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["Told", "Database", "Copy", "Repository", "Restored to", "Outcome", "Took", "Why"];
    table(&heads, &rows, "No copy was restored to prove it.", out);
}

fn restores(pack: &Pack, out: &mut String) {
    out.push_str("<h2>Restores</h2>\n");
    let rows = pack.restores.iter().map(|it| {
        vec![
            escape(&it.restore),
            escape(&it.database),
            escape(&it.copy),
            moment(it.at),
            escape(&it.by),
            or_dash(it.second.as_deref()),
            escape(&it.state),
            at_or_dash(it.ended_at),
            (if it.unproven { "without a proof" } else { "proven before" }).to_owned(),
            escape(&it.reason),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = [
        "Restore",
        "Database",
        "Copy",
        "Asked",
        "By",
        "Second person",
        "State",
        "Ended",
        "Proof",
        "Why",
    ];
    table(&heads, &rows, "Nothing was restored over a live database.", out);
}

fn approvals(pack: &Pack, out: &mut String) {
    out.push_str("<h2>Approvals and emergency reviews</h2>\n");
    let rows = pack.approvals.iter().map(|it| {
        vec![
            escape(&it.approval),
            escape(&it.kind),
            format!("{} {}", escape(&it.subject), escape(&it.about)),
            moment(it.at),
            escape(&it.by),
            escape(&it.reason),
            escape(&it.state),
            or_dash(it.answered_by.as_deref()),
            at_or_dash(it.answered_at),
            or_dash(it.why.as_deref()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = [
        "Approval",
        "Kind",
        "About",
        "Asked",
        "By",
        "Reason",
        "State",
        "Answered by",
        "Answered",
        "Why",
    ];
    table(&heads, &rows, "Nothing was asked of a second person.", out);
    out.push_str("<h2>Waivers of checks of planned events</h2>\n");
    let rows = pack.waivers.iter().map(|it| {
        vec![
            escape(&it.approval),
            escape(&it.event),
            escape(&it.check),
            moment(it.until),
            escape(&it.by),
            escape(&it.reason),
            escape(&it.state),
            or_dash(it.answered_by.as_deref()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["Approval", "Event", "Check", "Until", "By", "Reason", "State", "Answered by"];
    table(&heads, &rows, "No check was waived.", out);
}

fn changes(title: &str, changes: &[Change], out: &mut String) {
    out.push_str(&format!("<h2>{title}</h2>\n"));
    let rows = changes.iter().map(|it| {
        let value = |value: &Option<serde_json::Value>| {
            let Some(value) = value else { return String::new() };
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            let short: String = text.chars().take(VALUE_MAX_CHARS).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("<pre>{}{more}</pre>", escape(&short))
        };
        vec![
            it.entry.map_or_else(|| "–".to_owned(), |entry| entry.to_string()),
            moment(it.at),
            escape(&it.by),
            format!("{} ({})", escape(&it.action), escape(&it.outcome)),
            escape(&it.object),
            or_dash(it.reason.as_deref()),
            value(&it.before),
            value(&it.after),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["Entry#", "At", "By", "What", "Object", "Why", "Before", "After"];
    table(&heads, &rows, "There was none.", out);
}

fn findings(pack: &Pack, out: &mut String) {
    out.push_str("<h2>Open at the end</h2>\n");
    let rows = pack.findings.iter().map(|it| {
        vec![
            escape(&it.problem),
            escape(&it.status),
            escape(&it.kind),
            escape(&it.about),
            moment(it.opened_at),
            or_dash(it.owner.as_deref()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["Problem", "Status", "Kind", "About", "Open since", "Owner"];
    table(&heads, &rows, "No problem was open.", out);
}

fn availability(pack: &Pack, out: &mut String) {
    out.push_str("<h2>Availability</h2>\n");
    if let (Some(from), Some(until)) = (pack.measured_from, pack.measured_until) {
        let (from, until) = (moment(from), moment(until));
        out.push_str(&format!(
            "<p>Measured from {from} to {until}, in whole days. Gross counts planned work as \
             downtime; net does not, nor what a person excluded with a reason.</p>\n"
        ));
    }
    let rows: Vec<_> = pack.availability.iter().map(row).collect();
    let heads = [
        "Service",
        "Region",
        "Target#",
        "Gross#",
        "Net#",
        "Measured min#",
        "Down#",
        "Planned#",
        "Excluded#",
        "Not measured#",
        "Requests#",
        "Failed#",
    ];
    table(&heads, &rows, "Nothing was measured.", out);
}

fn row(it: &Availability) -> Vec<String> {
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "not measured".to_owned(), |share| format!("{share:.3} %"))
    };
    let number = |n: u64| n.to_string();
    vec![
        escape(&it.service),
        escape(&it.region),
        format!("{} %", it.target_percent),
        percent(it.gross_percent),
        percent(it.net_percent),
        number(it.measured_minutes),
        number(it.down_minutes),
        number(it.planned_minutes),
        number(it.excluded_minutes),
        number(it.unmeasured_minutes),
        number(it.requests),
        number(it.errors),
    ]
}
