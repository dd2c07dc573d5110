//! What pgBackRest is told in files: one for each repository, one for all, and one for the log.
//!
//! A file with a single repository is what backups, listings, checks and expiries get: none of
//! them can then wait for another repository, or change it. Invariant: a data centre keeps its
//! number for as long as the agent's data folder lasts, whatever happens to the order of the
//! repositories; a number is never given twice. Retention is as good as endless, so that the
//! engine removes nothing by itself.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use mainstay_core::id::DatacenterId;

use crate::database::config::{Database, Home, Repository, Settings};

/// Days that full copies stay if it were for the engine: its greatest value.
const RETENTION_DAYS: u32 = 9_999_999;
/// The greatest number of a repository that the engine accepts.
const NUMBER_MAX: u16 = 256;
/// Options of all commands where the settings say nothing else.
const DEFAULTS: [(&str, &str); 2] = [("compress-type", "zst"), ("process-max", "2")];

/// Numbers of the repositories.
pub type Numbers = BTreeMap<DatacenterId, u16>;

/// The numbers that were given before, with one for each repository that is new. `None`: there are
/// none left.
pub fn number(before: &Numbers, repositories: &[Repository]) -> Option<Numbers> {
    let mut numbers = before.clone();
    for repository in repositories {
        let next = numbers.values().max().map_or(1, |last| last + 1);
        numbers.entry(repository.datacenter.clone()).or_insert(next);
    }
    numbers.values().all(|number| *number <= NUMBER_MAX).then_some(numbers)
}

/// Folders and files of one database below the agent's data folder.
#[derive(Clone, Debug)]
pub struct Layout {
    pub dir: PathBuf,
}

impl Layout {
    pub fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    pub fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// For one repository.
    pub fn repository(&self, datacenter: &DatacenterId) -> PathBuf {
        self.dir.join(format!("repository-{datacenter}.conf"))
    }

    /// For all of them: to restore in the place of the database.
    pub fn all(&self) -> PathBuf {
        self.dir.join("pgbackrest.conf")
    }

    /// Where the log goes; read anew with each segment.
    pub fn archive(&self) -> PathBuf {
        self.dir.join("archive.conf")
    }
}

/// A file of settings under way.
pub struct Conf<'a> {
    settings: &'a Settings,
    numbers: &'a Numbers,
    layout: &'a Layout,
}

impl<'a> Conf<'a> {
    pub fn new(settings: &'a Settings, numbers: &'a Numbers, layout: &'a Layout) -> Self {
        Self { settings, numbers, layout }
    }

    /// The text of a file with the repositories that are wanted.
    pub fn write(
        &self,
        database: &Database,
        wanted: impl Fn(&DatacenterId) -> bool,
        own: &[(&str, &str)],
    ) -> String {
        let layout = self.layout;
        let mut options = self.settings.pgbackrest.options.clone();
        for (name, value) in DEFAULTS {
            options.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        let mut set = |name: &str, value: &str| options.insert(name.to_owned(), value.to_owned());
        set("lock-path", &layout.lock().display().to_string());
        set("spool-path", &layout.spool().display().to_string());
        set("log-path", &layout.log().display().to_string());
        set("log-level-file", "off");
        for (name, value) in own {
            set(name, value);
        }
        for repository in &self.settings.repositories {
            if let Some(number) = self.numbers.get(&repository.datacenter)
                && wanted(&repository.datacenter)
            {
                for (name, value) in &repository.options {
                    set(&format!("repo{number}-{name}"), value);
                }
                set(&format!("repo{number}-retention-full"), &RETENTION_DAYS.to_string());
                set(&format!("repo{number}-retention-full-type"), "time");
            }
        }
        let mut text = "# Written by the agent; changes are lost.\n[global]\n".to_owned();
        for (name, value) in options {
            let _ = writeln!(text, "{name}={value}");
        }
        let _ = writeln!(text, "\n[{}]", database.stanza);
        if let Home::Here(hosted) = &database.home {
            let _ = write!(
                text,
                "pg1-path={}\npg1-socket-path={}\npg1-port={}\npg1-user={}\n",
                hosted.data_dir.display(),
                hosted.socket_dir.display(),
                hosted.port,
                database.user,
            );
        }
        text
    }
}

/// The `archive_command` of a database: pushes one segment to where `archive` says at that moment.
/// Percent signs and quotes are not in the paths, the settings see to that.
pub fn archive_command(program: &str, archive: &Path, stanza: &str) -> String {
    format!("{program} --config=\"{}\" --stanza={stanza} archive-push \"%p\"", archive.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = r#"
[[database]]
id = "orders"
data_dir = "/data"

[[repository]]
datacenter = "fra1"
path = "/fra1"

[[repository]]
datacenter = "ams1"
type = "s3"
s3-bucket = "b"

[pgbackrest]
options = { process-max = 4 }
"#;

    #[test]
    fn a_file_holds_what_is_wanted() {
        let settings = Settings::parse(SETTINGS).unwrap();
        let numbers = number(&Numbers::new(), &settings.repositories).unwrap();
        let layout = Layout { dir: "/agent/orders".into() };
        let conf = Conf::new(&settings, &numbers, &layout);
        let text =
            conf.write(&settings.databases["orders"], |d| d.as_str() == "ams1", &[("x", "y")]);
        let expected = "# Written by the agent; changes are lost.\n\
            [global]\n\
            compress-type=zst\n\
            lock-path=/agent/orders/lock\n\
            log-level-file=off\n\
            log-path=/agent/orders/log\n\
            process-max=4\n\
            repo2-retention-full=9999999\n\
            repo2-retention-full-type=time\n\
            repo2-s3-bucket=b\n\
            repo2-type=s3\n\
            spool-path=/agent/orders/spool\n\
            x=y\n\n\
            [orders]\n\
            pg1-path=/data\n\
            pg1-socket-path=/var/run/postgresql\n\
            pg1-port=5432\n\
            pg1-user=postgres\n";
        assert_eq!(text, expected);
        assert_eq!(
            archive_command("pgbackrest", &layout.archive(), "orders"),
            "pgbackrest --config=\"/agent/orders/archive.conf\" --stanza=orders archive-push \"%p\""
        );
    }

    #[test]
    fn a_number_stays_with_its_data_centre() {
        let repositories = |names: &[&str]| -> Vec<Repository> {
            let one = |name: &&str| Repository {
                datacenter: name.parse().unwrap(),
                options: BTreeMap::new(),
            };
            names.iter().map(one).collect()
        };
        let first = number(&Numbers::new(), &repositories(&["fra1", "ams1"])).unwrap();
        let second = number(&first, &repositories(&["nyc1", "ams1"])).unwrap();
        let seen: Vec<_> = second.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(seen, [("ams1", 2), ("fra1", 1), ("nyc1", 3)], "the number of fra1 stays taken");
    }
}
