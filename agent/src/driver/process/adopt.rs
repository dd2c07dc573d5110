//! Finding the children of a former run again.
//!
//! A record names a process by pid and start time; the process itself carries marks in its
//! environment. Both are compared, so neither a reused pid nor a crash between starting and
//! recording leads to a wrong or a second process.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use mainstay_core::estate::Cause;
use mainstay_core::id::InstanceId;

use super::child::{self, Unwatched};
use super::record::{ProcessId, Record, Records};
use super::{ProcessConfig, health, proc};

/// A node of a former run.
pub struct Found {
    pub record: Record,
    /// Its process, if it still runs, with the result of a first health check.
    pub running: Option<(Unwatched, Result<(), Cause>)>,
}

/// Finds all nodes; ends marked processes that belong to none of them.
pub async fn find(
    config: &ProcessConfig,
    records: &Records,
    boot_id: &str,
) -> io::Result<BTreeMap<InstanceId, Found>> {
    let marked = proc::marked(&config.data_dir)?;
    let mut pids = Vec::new();
    let mut found = Vec::new();
    for (id, record) in records.read()? {
        let process = match record.boot_id == boot_id {
            true => process_of(&id, &record, &marked).and_then(child::adopt),
            false => None,
        };
        pids.extend(process.as_ref().map(|p| p.handle.id.pid));
        found.push((id, record, process));
    }
    kill_strangers(&config.data_dir, &pids)?;
    let checked = found.into_iter().map(|(id, record, process)| async move {
        let running = match process {
            Some(process) => {
                let address = SocketAddr::new(config.bind_address, record.port);
                let health = health::check(address, &record.spec.health_path).await;
                Some((process, health))
            }
            None => None,
        };
        (id, Found { record, running })
    });
    Ok(futures::future::join_all(checked).await.into_iter().collect())
}

/// The process of a node: the recorded one if it carries the node's mark, else the one that was
/// started for it and not recorded any more.
fn process_of(id: &InstanceId, record: &Record, marked: &[proc::Marked]) -> Option<ProcessId> {
    let mine = || {
        marked
            .iter()
            .filter(|p| p.instance == id.as_str() && p.stat.process_group == p.pid)
            .map(|p| ProcessId { pid: p.pid, started_ticks: p.stat.started_ticks })
    };
    match record.process {
        Some(recorded) => mine().find(|process| *process == recorded),
        None => mine().next(),
    }
}

/// Ends every marked process whose group is not led by one of `known`.
pub fn kill_strangers(data_dir: &Path, known: &[i32]) -> io::Result<()> {
    for stranger in proc::marked(data_dir)? {
        if known.contains(&stranger.stat.process_group) {
            continue;
        }
        let (pid, started_ticks) = (stranger.pid, stranger.stat.started_ticks);
        if let Some(process) = child::adopt(ProcessId { pid, started_ticks }) {
            tracing::debug!(pid, instance = stranger.instance, "a leftover process is ended");
            process.handle.kill();
        }
    }
    Ok(())
}
