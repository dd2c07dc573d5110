//! Removing copies, and the log before them.

use mainstay_core::backup::job::{Cause, Failure};
use mainstay_core::backup::{Kind, Label};
use mainstay_core::id::DatacenterId;
use tokio_util::sync::CancellationToken;

use super::{Base, FILES_DEADLINE, PgBackRest, failure, wal};

impl PgBackRest {
    /// Removes a full copy with all that stand on it.
    ///
    /// Where the repository has another full copy the engine does it. It refuses to remove the only
    /// one; there the folders are removed, differentials first, and the engine repairs its list.
    /// Broken off in between, the same again goes on.
    pub(super) async fn expire_chain(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        chain: &Label,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let held = self.held(base, datacenter, stop).await?;
        let member = |copy: &&mainstay_core::backup::Copy| copy.chain() == chain;
        let mut labels: Vec<&Label> =
            held.copies.iter().filter(member).map(|copy| &copy.label).collect();
        let other_full =
            |copy: &mainstay_core::backup::Copy| copy.kind == Kind::Full && &copy.label != chain;
        if labels.is_empty() {
            return Ok(());
        }
        if held.copies.iter().any(other_full) {
            let set = format!("--set={chain}");
            return self.expiry(base, datacenter, &["expire", &set], stop).await;
        }
        if held.lock_held {
            return Err(Failure::new(Cause::LockHeld, ""));
        }
        labels.sort_by_key(|label| std::cmp::Reverse(label.0.clone()));
        for label in labels {
            let path = format!("backup/{}/{label}", base.database.stanza);
            self.expiry(base, datacenter, &["repo-rm", "--recurse", &path], stop).await?;
        }
        self.expiry(base, datacenter, &["expire"], stop).await
    }

    async fn expiry(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        arguments: &[&str],
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let conf = self.conf_of(base, datacenter)?;
        let said = self.command(base, &conf, arguments, FILES_DEADLINE, stop).await?;
        match said.code {
            Some(0) => Ok(()),
            Some(_) | None => Err(failure::of(&said)),
        }
    }

    /// Removes segments before `first`. Those that lie in one folder, of up to 256, go with it
    /// where all of it is before.
    pub(super) async fn remove_wal(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        first: &str,
        stop: &CancellationToken,
    ) -> Result<u64, Failure> {
        if !wal::is_segment(first) {
            let words = format!("{first} is no name of a segment of the log");
            return Err(Failure::new(Cause::Setup, words));
        }
        let stored = self.list_wal(base, datacenter, stop).await?;
        let mut removed = 0;
        for (folder, files) in by_folder(&stored) {
            let before = |it: &&&wal::Stored| wal::is_before(&it.segment.name, first);
            let old: Vec<_> = files.iter().filter(before).collect();
            let all = old.len() == files.len() && wal::is_past(folder, first);
            let paths: Vec<&str> = match all {
                true => vec![folder],
                false => old.iter().map(|stored| stored.path.as_str()).collect(),
            };
            for path in paths {
                let path = format!("archive/{}/{path}", base.database.stanza);
                let recurse: &[&str] = if all { &["--recurse"] } else { &[] };
                let arguments = [&["repo-rm", &path], recurse].concat();
                self.expiry(base, datacenter, &arguments, stop).await?;
            }
            removed += old.len() as u64;
        }
        Ok(removed)
    }
}

/// Segments by the folder they lie in.
fn by_folder(stored: &[wal::Stored]) -> Vec<(&str, Vec<&wal::Stored>)> {
    let mut folders: std::collections::BTreeMap<&str, Vec<&wal::Stored>> = Default::default();
    for one in stored {
        let folder = one.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(one);
    }
    folders.into_iter().collect()
}
