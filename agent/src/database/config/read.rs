//! Reading the file: everything that is wrong with it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use mainstay_core::id::{DatabaseId, DatacenterId};
use serde::Deserialize;
use toml::Spanned;

use super::{
    ConfigError, Database, ENTRIES_MAX, Finding, Home, Hosted, Login, Patroni, PgBackRestSettings,
    Repository, SCRATCH_DIR_MAX_BYTES, Settings, has_quote,
};

/// Data centres that always get the log, where a database does not say.
const WAL_HOMES: usize = 2;
/// Options that the engine's driver sets itself; another value would break what it relies on.
const OWN_OPTIONS: [&str; 12] = [
    "archive-async",
    "archive-check",
    "config",
    "exec-id",
    "lock-path",
    "log-level-console",
    "log-level-stderr",
    "log-path",
    "repo",
    "spool-path",
    "stanza",
    "start-fast",
];

/// As [`Settings::parse`].
pub(super) fn parse(text: &str) -> Result<Settings, ConfigError> {
    let mut reader = Reader { text, findings: Vec::new() };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            reader.find(error.span().unwrap_or_default(), error.message().to_owned());
            return Err(ConfigError { findings: reader.findings });
        }
    };
    let repositories = reader.repositories(file.repository);
    let databases = reader.databases(file.database, &repositories);
    let pgbackrest = reader.pgbackrest(file.pgbackrest.unwrap_or_default());
    let scratch_dir = file.scratch_dir.map(|dir| reader.scratch_dir(dir));
    let mut findings = reader.findings;
    if findings.is_empty() {
        return Ok(Settings { databases, repositories, scratch_dir, pgbackrest });
    }
    findings.sort_by_key(|finding| finding.line);
    Err(ConfigError { findings })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    database: Vec<RawDatabase>,
    #[serde(default)]
    repository: Vec<RawRepository>,
    scratch_dir: Option<Spanned<PathBuf>>,
    pgbackrest: Option<RawPgBackRest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatabase {
    id: Spanned<String>,
    #[serde(default)]
    hosts: Option<bool>,
    #[serde(default)]
    user_account: Option<Spanned<String>>,
    #[serde(default)]
    data_dir: Option<Spanned<PathBuf>>,
    #[serde(default)]
    socket_dir: Option<Spanned<PathBuf>>,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    bin_dir: Option<Spanned<PathBuf>>,
    #[serde(default)]
    stanza: Option<Spanned<String>>,
    #[serde(default)]
    wal: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    stop: Vec<String>,
    #[serde(default)]
    start: Vec<String>,
    #[serde(default)]
    patroni: Option<Spanned<RawPatroni>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPatroni {
    url: Spanned<String>,
    #[serde(default)]
    members: BTreeMap<String, Spanned<String>>,
    user: Option<String>,
    password_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    keep_running: Option<bool>,
}

#[derive(Deserialize)]
struct RawRepository {
    datacenter: Spanned<String>,
    #[serde(flatten)]
    options: BTreeMap<String, toml::Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPgBackRest {
    program: Option<String>,
    options: Option<Spanned<BTreeMap<String, toml::Value>>>,
}

struct Reader<'a> {
    text: &'a str,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn find(&mut self, span: Range<usize>, sentence: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        self.findings.push(Finding { line, sentence: sentence.into() });
    }

    fn repositories(&mut self, raw: Vec<RawRepository>) -> Vec<Repository> {
        if raw.is_empty() || raw.len() > ENTRIES_MAX {
            let text = format!("{} repositories: name 1 to {ENTRIES_MAX}", raw.len());
            self.find(0..0, text);
        }
        let mut seen = BTreeSet::new();
        let mut repositories = Vec::new();
        for RawRepository { datacenter, options } in raw {
            let span = datacenter.span();
            let options = self.options(&span, options);
            if let Some(name) = options.keys().find(|name| name.contains("retention")) {
                let text = format!("{name}: leave it out, the policy says how long copies stay");
                self.find(span.clone(), text);
            }
            let Some(datacenter) = self.datacenter(datacenter) else { continue };
            if !seen.insert(datacenter.clone()) {
                let text = format!("a second repository of {datacenter}: leave one");
                self.find(span.clone(), text);
            }
            let posix = options.get("type").is_none_or(|kind| kind == "posix" || kind == "cifs");
            let absolute = options.get("path").is_some_and(|path| path.starts_with('/'));
            if posix && !absolute {
                self.find(span, "a repository in a folder needs an absolute path");
            }
            repositories.push(Repository { datacenter, options });
        }
        repositories
    }

    fn databases(
        &mut self,
        raw: Vec<RawDatabase>,
        repositories: &[Repository],
    ) -> BTreeMap<DatabaseId, Database> {
        if raw.is_empty() || raw.len() > ENTRIES_MAX {
            self.find(0..0, format!("{} databases: name 1 to {ENTRIES_MAX}", raw.len()));
        }
        let mut databases = BTreeMap::new();
        let mut stanzas = BTreeSet::new();
        for raw in raw {
            let span = raw.id.span();
            let Some(database) = self.database(raw, repositories) else { continue };
            if !stanzas.insert(database.stanza.clone()) {
                let text = format!("a second database with the stanza {}", database.stanza);
                self.find(span.clone(), text);
            }
            if let Some(former) = databases.insert(database.id.clone(), database) {
                self.find(span, format!("a second database {}: leave one", former.id));
            }
        }
        databases
    }

    fn database(&mut self, raw: RawDatabase, repositories: &[Repository]) -> Option<Database> {
        let id = match DatabaseId::new(raw.id.get_ref()) {
            Ok(id) => id,
            Err(error) => {
                self.find(raw.id.span(), error.to_string());
                return None;
            }
        };
        let home = match raw.hosts {
            Some(false) => self.elsewhere(&raw),
            Some(true) | None => self.here(&raw),
        };
        let bin_dir = self.path(raw.bin_dir, "/usr/lib/postgresql/15/bin");
        let stanza = match raw.stanza {
            Some(stanza) => self.stanza(stanza),
            None => id.to_string(),
        };
        let wal = match raw.wal {
            Some(wal) => self.wal(&raw.id.span(), wal, repositories),
            None => repositories.iter().take(WAL_HOMES).map(|r| r.datacenter.clone()).collect(),
        };
        let user = raw.user.unwrap_or_else(|| "postgres".to_owned());
        Some(Database { id, home, user, bin_dir, stanza, wal })
    }

    fn here(&mut self, raw: &RawDatabase) -> Home {
        if let Some(account) = &raw.user_account {
            let text = "user_account belongs to hosts = false: here the owner of data_dir works";
            self.find(account.span(), text);
        }
        if raw.data_dir.is_none() {
            let text = "data_dir is missing; for a database that runs elsewhere say hosts = false";
            self.find(raw.id.span(), text);
        }
        if raw.stop.is_empty() != raw.start.is_empty() {
            self.find(raw.id.span(), "stop and start belong together: give both commands or none");
        }
        Home::Here(Hosted {
            data_dir: raw.data_dir.clone().map(|dir| self.absolute(dir)).unwrap_or_default(),
            socket_dir: self.path(raw.socket_dir.clone(), "/var/run/postgresql"),
            port: raw.port.unwrap_or(5432),
            stop: raw.stop.clone(),
            start: raw.start.clone(),
            patroni: raw.patroni.clone().map(|raw| self.patroni(raw)),
        })
    }

    fn patroni(&mut self, raw: Spanned<RawPatroni>) -> Patroni {
        let span = raw.span();
        let raw = raw.into_inner();
        let host = raw.url.get_ref().strip_prefix("http://").unwrap_or_default();
        if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
            let text = "url: give the member's REST API as http://HOST:PORT, best on this machine";
            self.find(raw.url.span(), text);
        }
        let members = raw.members.into_iter();
        let members = members.filter_map(|(name, id)| Some((name, self.datacenter(id)?))).collect();
        let login = match (raw.user, raw.password_file) {
            (Some(user), Some(file)) => Some(Login { user, password_file: self.absolute(file) }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                self.find(span, "user and password_file belong together: give both or none");
                None
            }
        };
        let keep_running = raw.keep_running.unwrap_or(true);
        Patroni { url: raw.url.into_inner(), members, login, keep_running }
    }

    fn elsewhere(&mut self, raw: &RawDatabase) -> Home {
        let named = [
            ("data_dir", raw.data_dir.is_some()),
            ("socket_dir", raw.socket_dir.is_some()),
            ("port", raw.port.is_some()),
            ("stop", !raw.stop.is_empty()),
            ("patroni", raw.patroni.is_some()),
            ("start", !raw.start.is_empty()),
        ];
        for (name, _) in named.iter().filter(|(_, given)| *given) {
            let text = format!("{name}: leave it out, with hosts = false it runs elsewhere");
            self.find(raw.id.span(), text);
        }
        Home::Elsewhere { account: raw.user_account.clone().map(Spanned::into_inner) }
    }

    fn path(&mut self, raw: Option<Spanned<PathBuf>>, default: &str) -> PathBuf {
        self.absolute(raw.unwrap_or_else(|| Spanned::new(0..0, default.into())))
    }

    fn wal(
        &mut self,
        database: &Range<usize>,
        wal: Vec<Spanned<String>>,
        repositories: &[Repository],
    ) -> Vec<DatacenterId> {
        if wal.is_empty() {
            self.find(database.clone(), "wal is empty: name where the log goes, best two places");
        }
        let mut homes = Vec::new();
        for one in wal {
            let span = one.span();
            let Some(datacenter) = self.datacenter(one) else { continue };
            if !repositories.iter().any(|r| r.datacenter == datacenter) {
                self.find(span, format!("no [[repository]] has datacenter = \"{datacenter}\""));
            } else if !homes.contains(&datacenter) {
                homes.push(datacenter);
            }
        }
        homes
    }

    fn pgbackrest(&mut self, raw: RawPgBackRest) -> PgBackRestSettings {
        let program = raw.program.unwrap_or_else(|| "pgbackrest".to_owned());
        let Some(options) = raw.options else {
            return PgBackRestSettings { program, options: BTreeMap::new() };
        };
        let span = options.span();
        let options = self.options(&span, options.into_inner());
        let own = |name: &&String| {
            let numbered = ["repo", "pg"].iter().any(|prefix| {
                let rest = name.strip_prefix(prefix);
                rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            });
            numbered || OWN_OPTIONS.contains(&name.as_str())
        };
        for name in options.keys().filter(own) {
            self.find(span.clone(), format!("{name}: leave it out, it is set where it is needed"));
        }
        PgBackRestSettings { program, options }
    }

    /// Options as the engine writes them.
    fn options(
        &mut self,
        span: &Range<usize>,
        raw: BTreeMap<String, toml::Value>,
    ) -> BTreeMap<String, String> {
        let mut options = BTreeMap::new();
        for (name, value) in raw {
            let written = match value {
                toml::Value::String(text) if !text.contains(['\n', '\r']) => Some(text),
                toml::Value::Integer(number) => Some(number.to_string()),
                toml::Value::Boolean(true) => Some("y".to_owned()),
                toml::Value::Boolean(false) => Some("n".to_owned()),
                toml::Value::String(_)
                | toml::Value::Float(_)
                | toml::Value::Datetime(_)
                | toml::Value::Array(_)
                | toml::Value::Table(_) => None,
            };
            let named = name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            match written {
                Some(value) if named => {
                    options.insert(name, value);
                }
                Some(_) => {
                    let text = format!("{name} is no option: they have a-z, 0-9 and hyphens");
                    self.find(span.clone(), text);
                }
                None => {
                    let text = format!("{name}: give one line of text, a whole number or true");
                    self.find(span.clone(), text);
                }
            }
        }
        options
    }

    fn datacenter(&mut self, raw: Spanned<String>) -> Option<DatacenterId> {
        match DatacenterId::new(raw.get_ref()) {
            Ok(id) => Some(id),
            Err(error) => {
                self.find(raw.span(), error.to_string());
                None
            }
        }
    }

    fn stanza(&mut self, raw: Spanned<String>) -> String {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if raw.get_ref().is_empty() || !raw.get_ref().bytes().all(good) {
            self.find(raw.span(), "a stanza has letters, digits, hyphens and underscores only");
        }
        raw.into_inner()
    }

    fn absolute(&mut self, raw: Spanned<PathBuf>) -> PathBuf {
        if !raw.get_ref().is_absolute() || has_quote(raw.get_ref()) {
            let text = format!("{}: give an absolute path without quotes", raw.get_ref().display());
            self.find(raw.span(), text);
        }
        raw.into_inner()
    }

    fn scratch_dir(&mut self, raw: Spanned<PathBuf>) -> PathBuf {
        let bytes = raw.get_ref().as_os_str().len();
        if bytes > SCRATCH_DIR_MAX_BYTES {
            let text = format!(
                "scratch_dir has {bytes} bytes: a socket must fit below it, so up to \
                 {SCRATCH_DIR_MAX_BYTES} are allowed"
            );
            self.find(raw.span(), text);
        }
        self.absolute(raw)
    }
}
