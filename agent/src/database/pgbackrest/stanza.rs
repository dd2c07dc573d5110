//! Making repositories and the database ready for backups.
//!
//! A repository that held the database once and holds nothing now is not made anew: it may be a
//! folder whose disk is not mounted, and then copies would go to where nobody looks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mainstay_core::backup::job::{Archiving, Cause, Failure, Prepared};
use mainstay_core::id::DatacenterId;
use tokio_util::sync::CancellationToken;

use super::info::State;
use super::{Base, PgBackRest, failure, files};
use crate::database::sql::literal;

/// Data centres where the database was prepared, in its folder. Who has given up a repository for
/// good, with all that was in it, removes its name there.
const PREPARED_FILE: &str = "prepared.json";
/// Longest time for preparing one repository.
const STANZA_DEADLINE: Duration = Duration::from_secs(120);
/// Longest wait until a changed setting counts, and how often it is looked at.
const RELOAD_DEADLINE: Duration = Duration::from_secs(15);
const RELOAD_POLL: Duration = Duration::from_millis(100);

impl PgBackRest {
    pub(super) async fn prepare_base(
        &self,
        base: &Base,
        stop: &CancellationToken,
    ) -> Result<Prepared, Failure> {
        base.database.hosted()?;
        let mut repositories = BTreeMap::new();
        for repository in &self.settings.repositories {
            let datacenter = &repository.datacenter;
            let prepared = self.prepare_repository(base, datacenter, stop).await;
            repositories.insert(datacenter.clone(), prepared);
        }
        let archiving = match self.archive(base, stop).await {
            Ok(settings) if settings.is_empty() => Archiving::InForce,
            Ok(settings) => Archiving::NeedsRestart { settings },
            Err(failure) => Archiving::Failed { failure },
        };
        match stop.is_cancelled() {
            true => Err(Failure::new(Cause::Cancelled, "")),
            false => Ok(Prepared { repositories, archiving }),
        }
    }

    async fn prepare_repository(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let mut prepared = base.prepared();
        match self.state(base, datacenter, stop).await? {
            State::Holds { .. } => {}
            State::Unreadable { words } => {
                return Err(Failure::new(Cause::RepositoryUnreachable, words));
            }
            State::NoStanza if prepared.contains(datacenter) => {
                let words = format!(
                    "{datacenter} held this database and holds nothing of it now: mount its \
                     storage, or take {datacenter} out of {PREPARED_FILE} if all of it is given up"
                );
                return Err(Failure::new(Cause::RepositoryUnreachable, words));
            }
            State::NoStanza => {
                let conf = self.conf_of(base, datacenter)?;
                let arguments = ["stanza-create", "--log-level-console=warn"];
                let said = self.command(base, &conf, &arguments, STANZA_DEADLINE, stop).await?;
                if said.code != Some(0) {
                    return Err(failure::of(&said));
                }
            }
        }
        if prepared.insert(datacenter.clone()) {
            base.remember(&prepared)?;
        }
        Ok(())
    }

    /// Lets the database send its log; returns the settings that need a restart to count.
    async fn archive(&self, base: &Base, stop: &CancellationToken) -> Result<Vec<String>, Failure> {
        let session = base.session()?;
        let program = &self.settings.pgbackrest.program;
        let archive = base.layout.archive();
        let command = files::archive_command(program, &archive, &base.database.stanza);
        let shown =
            |name: &'static str| async move { session.ask(&format!("SHOW {name}"), stop).await };
        if shown("archive_mode").await? == "off" {
            session.ask("ALTER SYSTEM SET archive_mode = 'on'", stop).await?;
        }
        if shown("wal_level").await? == "minimal" {
            session.ask("ALTER SYSTEM SET wal_level = 'replica'", stop).await?;
        }
        if shown("archive_command").await? != command {
            let set = format!("ALTER SYSTEM SET archive_command = {}", literal(&command));
            session.ask(&set, stop).await?;
        }
        self.reload(base, stop).await?;
        // With archiving off, the command is shown as disabled until the restart.
        let mut restart = Vec::new();
        for (name, wrong) in [("archive_mode", "off"), ("wal_level", "minimal")] {
            if shown(name).await? == wrong {
                restart.push(name.to_owned());
            }
        }
        let deadline = tokio::time::Instant::now() + RELOAD_DEADLINE;
        while restart.is_empty() && shown("archive_command").await? != command {
            if tokio::time::Instant::now() >= deadline {
                let words = "archive_command is set elsewhere: take it out of the command line \
                             of the server";
                return Err(Failure::new(Cause::Setup, words));
            }
            tokio::time::sleep(RELOAD_POLL).await;
        }
        Ok(restart)
    }

    async fn reload(&self, base: &Base, stop: &CancellationToken) -> Result<(), Failure> {
        // tidy: allow sql: asked of the protected database, of which the store knows nothing
        let reload = "SELECT pg_reload_conf()";
        base.session()?.ask(reload, stop).await.map(|_| ())
    }
}

impl Base {
    fn prepared(&self) -> BTreeSet<DatacenterId> {
        let content = std::fs::read(self.layout.dir.join(PREPARED_FILE)).unwrap_or_default();
        serde_json::from_slice(&content).unwrap_or_default()
    }

    fn remember(&self, prepared: &BTreeSet<DatacenterId>) -> Result<(), Failure> {
        let path = self.layout.dir.join(PREPARED_FILE);
        let text = serde_json::to_string(prepared).expect("a set of names");
        self.account.replace(&path, &text).map_err(|error| {
            Failure::new(Cause::Setup, format!("{} cannot be written: {error}", path.display()))
        })
    }
}
