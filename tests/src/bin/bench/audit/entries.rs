//! Entries by the million: what a fleet would write in years, with the tree and the signatures that
//! the sequencer would have made, copied in at once.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use mainstay_core::audit::merkle::{Frontier, Hash};
use mainstay_core::audit::note::SignerKey;
use mainstay_core::audit::record::Draft;
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_store::Store;
use sqlx::Executor;
use sqlx::postgres::PgConnection;

/// Entries of one transaction, and of one checkpoint.
const CHUNK: u64 = 50_000;
const SIGNED_EVERY: u64 = 500;
/// Between two entries.
const EVERY: TimeDelta = TimeDelta::seconds(3);

const SERVICES: [&str; 12] = [
    "store-web",
    "store-api",
    "feed-api",
    "feed-ingest",
    "cart",
    "checkout",
    "search",
    "warehouse",
    "courier",
    "billing",
    "profile",
    "mail",
];
const ACTIONS: [Action; 8] = [
    Action::Deploy,
    Action::CommandResult,
    Action::RolloutStep,
    Action::BackupStep,
    Action::DatabaseResult,
    Action::ProblemOpen,
    Action::ProblemClose,
    Action::SignIn,
];

/// When entry 0 is to be, so that the last of so many is now.
pub fn begin(count: u64) -> Result<DateTime<Utc>> {
    Ok(Utc::now().trunc_subsecs(6) - EVERY * i32::try_from(count).context("too many")?)
}

/// Writes the entries of these numbers; the day that lies in the middle of all up to then, as
/// addresses write it.
pub async fn fill(
    store: &Store,
    data_dir: &Path,
    begin: DateTime<Utc>,
    (from, until): (u64, u64),
) -> Result<(String, String)> {
    let text = std::fs::read_to_string(data_dir.join("audit.key")).context("the server's key")?;
    let key: SignerKey = text.trim().parse().context("the server's key")?;
    let mut connection = store.acts().acquire().await?.detach();
    connection
        .execute(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
             SET maintenance_work_mem = '512MB'; SET synchronous_commit = off;
             DROP INDEX IF EXISTS audit_entry_words",
        )
        .await?;
    let mut written = from;
    while written < until {
        let chunk = CHUNK.min(until - written);
        self::chunk(&mut connection, &key, (begin, written), chunk).await?;
        written += chunk;
    }
    connection
        .execute(
            "CREATE INDEX audit_entry_words ON audit_entry USING gin (audit_words(body))
                 WHERE seq IS NOT NULL",
        )
        .await?;
    connection.execute("VACUUM ANALYZE audit_entry").await?;
    let middle = begin + EVERY * i32::try_from(until / 2).context("too many")?;
    let write = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    Ok((write(middle), write(middle + TimeDelta::days(1))))
}

/// One transaction under the lock of the tree's head, as the sequencer's.
async fn chunk(
    connection: &mut PgConnection,
    key: &SignerKey,
    (begin, from): (DateTime<Utc>, u64),
    count: u64,
) -> Result<()> {
    connection.execute("BEGIN").await?;
    let (size, hashes): (i64, Vec<Vec<u8>>) =
        sqlx::query_as("SELECT size, hashes FROM audit_head FOR UPDATE")
            .fetch_one(&mut *connection)
            .await?;
    let hashes: Option<Vec<_>> = hashes.iter().map(|bytes| Hash::from_slice(bytes)).collect();
    let size = u64::try_from(size)?;
    let mut head = Frontier::from_parts(size, hashes.context("a hash")?).context("the head")?;
    let (mut entries, mut nodes, mut notes) = (String::new(), String::new(), String::new());
    for n in from..from + count {
        let event = made_up(n, begin + EVERY * i32::try_from(n)?);
        let Draft { columns, body, leaf } = Draft::new(&event);
        let at = columns.at.to_rfc3339();
        let (kind, name) = (&columns.actor_kind, &columns.actor_name);
        let (action, object, outcome) = (&columns.action, &columns.object, &columns.outcome);
        let (body, seq) = (body.replace('\\', "\\\\"), head.size());
        writeln!(
            entries,
            "{at}\t{kind}\t{name}\t{action}\t{object}\t{outcome}\t{body}\t\\\\x{leaf}\t{seq}"
        )?;
        head.push(leaf, |node, hash| {
            // Writing to a string cannot fail.
            let _ = writeln!(nodes, "{}\t{}\t\\\\x{hash}", node.level, node.index);
        });
        if head.size().is_multiple_of(SIGNED_EVERY) || n + 1 == from + count {
            let note = key.sign(head.size(), head.root()).replace('\n', "\\n");
            writeln!(notes, "{}\t{at}\t{note}\t{}", head.size(), key.verifier())?;
        }
    }
    for (into, rows) in [
        (
            "audit_entry (at, actor_kind, actor_name, action, object, outcome, body, leaf, seq)",
            entries,
        ),
        ("audit_node (level, index, hash)", nodes),
        ("audit_checkpoint (size, at, note, verifier)", notes),
    ] {
        let mut copy = connection.copy_in_raw(&format!("COPY {into} FROM STDIN")).await?;
        copy.send(rows.as_bytes()).await?;
        copy.finish().await?;
    }
    let edge: Vec<Vec<u8>> = head.hashes().iter().map(|hash| hash.0.to_vec()).collect();
    sqlx::query("UPDATE audit_head SET size = $1, hashes = $2")
        .bind(i64::try_from(head.size())?)
        .bind(edge)
        .execute(&mut *connection)
        .await?;
    connection.execute("COMMIT").await?;
    Ok(())
}

/// Entry `n`: nine of ten by the server itself, few of them refused, some of each kind rare.
fn made_up(n: u64, at: DateTime<Utc>) -> Event {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let pick = |of: u64, shift: u32| (mixed >> shift) % of;
    let service = SERVICES[pick(SERVICES.len() as u64, 3) as usize];
    let actor = match n {
        _ if n.is_multiple_of(50_021) => Actor::User("rarely".to_owned()),
        _ if pick(10, 7) == 0 => Actor::User(format!("operator-{}", pick(40, 11))),
        _ => Actor::System("deployer".to_owned()),
    };
    let action = match n {
        _ if n.is_multiple_of(40_009) => Action::FailoverGate,
        _ => ACTIONS[pick(ACTIONS.len() as u64, 5) as usize],
    };
    let object = match n {
        _ if n.is_multiple_of(30_011) => format!("/services/old-1/in/fra{}", pick(3, 9)),
        _ => format!("/services/{service}/in/fra{}", pick(3, 9)),
    };
    let word = if n.is_multiple_of(90_001) { "zeppelin" } else { "deployment" };
    let refused = pick(33, 13) == 0;
    Event {
        outcome: if refused { Outcome::Refused } else { Outcome::Done },
        reason: refused.then(|| format!("the {word} of {service} waits for a second person")),
        before: Some(serde_json::json!({ "version": format!("2.{}.0", pick(40, 17)) })),
        after: Some(serde_json::json!({
            "version": format!("2.{}.1", pick(40, 17)),
            "note": format!("{word} of {service} by the plan of the week"),
            "hash": format!("{mixed:016x}"),
        })),
        request: Some(format!("{:04x}-{:04x}", pick(65_536, 0), n % 65_536)),
        ..Event::new(at, actor, action, object)
    }
}
