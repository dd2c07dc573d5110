//! What is typed of a channel, and what is accepted of it: the same for forms and for programs.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::address::{self, Network, Refusal};
use super::{Channel, Hears, Mail, NAME_MAX_CHARS, Security, Severity, Target, Way};
use crate::access::{FieldMistake, Mistake};
use crate::fleet::Fleet;
use crate::id::{DatacenterId, GroupId};
use crate::problem::Kind;

/// Most recipients of a message.
pub const RECIPIENTS_MAX: usize = 20;
/// Longest address of a mailbox (RFC 5321, 4.5.3.1).
pub const MAILBOX_MAX_BYTES: usize = 254;
/// Longest secret that is typed, in bytes.
pub const SECRET_MAX_BYTES: usize = 500;
/// Longest time between two messages about the same problem.
pub const REPEAT_MAX_MINUTES: u32 = 7 * 24 * 60;

/// A channel as it is typed. A field that its way does not have is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    pub name: String,
    /// `webhook`, `email` or `alertmanager`.
    pub way: String,
    /// Of a webhook and an Alertmanager.
    pub url: String,
    /// Of mail: the server.
    pub host: String,
    pub port: String,
    /// `start-tls`, `tls` or `none`.
    pub security: String,
    /// Whom to sign in to the mail server as; empty: nobody.
    pub user: String,
    pub from: String,
    /// Mailboxes, with commas.
    pub to: String,
    /// `critical`, or `warning`: everything.
    pub least: String,
    /// Ids, with commas; empty: all.
    pub groups: String,
    pub datacenters: String,
    /// Kinds of problems, with commas; empty: all.
    pub kinds: String,
    pub repeat_minutes: String,
    /// The password of the mail server, or the bearer token of an Alertmanager. Empty: none, or the
    /// one that it has. A webhook's is made by the server.
    pub secret: String,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub name: String,
    pub target: Target,
    pub hears: Hears,
    pub repeat_minutes: u32,
    /// `None`: none was typed.
    pub secret: Option<String>,
}

impl Draft {
    /// As a channel stands, for changing it; its secret is not there.
    pub fn of(channel: &Channel) -> Self {
        let list = |ids: Vec<String>| ids.join(", ");
        let hears = &channel.hears;
        let plain = Self {
            name: channel.name.clone(),
            way: channel.target.way().name().to_owned(),
            least: hears.least.name().to_owned(),
            groups: list(hears.groups.iter().map(ToString::to_string).collect()),
            datacenters: list(hears.datacenters.iter().map(ToString::to_string).collect()),
            kinds: list(hears.kinds.iter().map(ToString::to_string).collect()),
            repeat_minutes: channel.repeat_minutes.to_string(),
            ..Self::default()
        };
        match &channel.target {
            Target::Webhook { url } | Target::Alertmanager { url } => {
                Self { url: url.clone(), ..plain }
            }
            Target::Email(mail) => Self {
                host: mail.host.clone(),
                port: mail.port.to_string(),
                security: mail.security.name().to_owned(),
                user: mail.user.clone().unwrap_or_default(),
                from: mail.from.clone(),
                to: list(mail.to.clone()),
                ..plain
            },
        }
    }

    /// Reads it. `now`: the channel that it changes; its way stays, and its secret is not taken to
    /// another server. An error: everything that is not accepted, in the order of the fields.
    pub fn read(
        &self,
        fleet: &Fleet,
        allowed: &[Network],
        now: Option<&Channel>,
    ) -> Result<Read, Vec<FieldMistake>> {
        let mut reader = Reader { draft: self, allowed, mistakes: Vec::new() };
        let name = reader.line("name", &self.name, NAME_MAX_CHARS);
        let way = match now {
            Some(channel) => Some(channel.target.way()),
            None => Way::from_name(&self.way),
        };
        let target = match way {
            Some(Way::Webhook) => reader.url().map(|url| Target::Webhook { url }),
            Some(Way::Alertmanager) => reader.url().map(|url| {
                let url = url.trim_end_matches('/').to_owned();
                Target::Alertmanager { url }
            }),
            Some(Way::Email) => reader.mail().map(Target::Email),
            None => reader.wrong("way", Mistake::UnknownChoice),
        };
        let hears = reader.hears(fleet);
        let repeat_minutes = reader.repeat();
        let secret = (way != Some(Way::Webhook)).then(|| reader.secret()).flatten();
        if let (Some(target), Some(channel)) = (&target, now) {
            let moved = target.server() != channel.target.server()
                || weaker(&channel.target, target)
                || signs_in_as(target) != signs_in_as(&channel.target);
            let shown = channel.target.way() != Way::Webhook;
            if moved && shown && channel.has_secret && secret.is_none() {
                let _: Option<()> = reader.wrong("secret", Mistake::SecretAgain);
            }
        }
        match (target, hears) {
            (Some(target), Some(hears)) if reader.mistakes.is_empty() => {
                Ok(Read { name, target, hears, repeat_minutes, secret })
            }
            (Some(_) | None, Some(_) | None) => Err(reader.mistakes),
        }
    }
}

/// Whether the connection is protected less than before.
fn weaker(before: &Target, after: &Target) -> bool {
    match (before, after) {
        (Target::Email(before), Target::Email(after)) => {
            before.security != Security::None && after.security == Security::None
        }
        (
            Target::Webhook { .. } | Target::Alertmanager { .. } | Target::Email(_),
            Target::Webhook { .. } | Target::Alertmanager { .. } | Target::Email(_),
        ) => false,
    }
}

fn signs_in_as(target: &Target) -> Option<&str> {
    match target {
        Target::Email(mail) => mail.user.as_deref(),
        Target::Webhook { .. } | Target::Alertmanager { .. } => None,
    }
}

struct Reader<'a> {
    draft: &'a Draft,
    allowed: &'a [Network],
    mistakes: Vec<FieldMistake>,
}

impl Reader<'_> {
    fn wrong<T>(&mut self, field: &str, mistake: Mistake) -> Option<T> {
        self.mistakes.push(FieldMistake::new(field, mistake));
        None
    }

    /// A text on one line, not empty.
    fn line(&mut self, field: &str, text: &str, most: usize) -> String {
        let text = text.trim();
        let mistake = if text.is_empty() {
            Some(Mistake::Missing)
        } else if text.chars().count() > most {
            Some(Mistake::TooLong { most })
        } else if text.chars().any(char::is_control) {
            Some(Mistake::Form)
        } else {
            None
        };
        self.mistakes.extend(mistake.map(|mistake| FieldMistake::new(field, mistake)));
        text.to_owned()
    }

    fn url(&mut self) -> Option<String> {
        let url = self.draft.url.trim();
        if url.is_empty() {
            return self.wrong("url", Mistake::Missing);
        }
        let Some(read) = address::web(url) else { return self.wrong("url", Mistake::WebAddress) };
        self.host("url", &read.host, read.encrypted)?;
        Some(url.to_owned())
    }

    /// What can be said of a host before its name is resolved: that is done at each connection.
    fn host(&mut self, field: &str, host: &str, encrypted: bool) -> Option<()> {
        let refused = match host.parse::<IpAddr>() {
            Ok(address) => address::check(address, encrypted, self.allowed).err(),
            Err(_) if encrypted || !self.allowed.is_empty() => None,
            Err(_) => return self.wrong(field, Mistake::NotEncrypted),
        };
        match refused {
            None => Some(()),
            Some(Refusal::NotPublic { .. }) => self.wrong(field, Mistake::NotPublic),
            Some(Refusal::NotEncrypted { .. }) => self.wrong(field, Mistake::NotEncrypted),
        }
    }

    fn mail(&mut self) -> Option<Mail> {
        let draft = self.draft;
        let security = match Security::from_name(&draft.security) {
            Some(security) => Some(security),
            None => self.wrong("security", Mistake::UnknownChoice),
        };
        let host = draft.host.trim();
        let named = host.len() <= 253 && address::host_chars(host);
        let host = if host.is_empty() {
            self.wrong("host", Mistake::Missing)
        } else if !named && host.parse::<IpAddr>().is_err() {
            self.wrong("host", Mistake::Form)
        } else {
            let encrypted = security != Some(Security::None);
            let field = if encrypted { "host" } else { "security" };
            self.host(field, host, encrypted).map(|()| host.to_owned())
        };
        let port = match draft.port.trim().parse::<u16>().ok().filter(|port| *port > 0) {
            Some(port) => Some(port),
            None => self.wrong("port", Mistake::Range { least: 1, most: 65_535 }),
        };
        let user = draft.user.trim();
        let user = (!user.is_empty()).then(|| self.line("user", user, MAILBOX_MAX_BYTES));
        let from = self.mailbox("from", &draft.from);
        let to: Vec<_> = ids(&draft.to).collect();
        let to = if to.is_empty() {
            self.wrong("to", Mistake::Missing)
        } else if to.len() > RECIPIENTS_MAX {
            self.wrong("to", Mistake::TooLong { most: RECIPIENTS_MAX })
        } else {
            to.into_iter().map(|it| self.mailbox("to", it)).collect::<Option<Vec<_>>>()
        };
        let (host, port, security) = (host?, port?, security?);
        Some(Mail { host, port, security, user, from: from?, to: to? })
    }

    /// `name@host`, in the plain form that every mail server takes: nothing in it could end a line.
    fn mailbox(&mut self, field: &str, text: &str) -> Option<String> {
        let text = text.trim();
        if text.is_empty() {
            return self.wrong(field, Mistake::Missing);
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
        let good = text.len() <= MAILBOX_MAX_BYTES
            && text.split_once('@').is_some_and(|(name, host)| {
                let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
                !name.is_empty()
                    && name.len() <= 64
                    && name.bytes().all(plain)
                    && !dots
                    && !host.is_empty()
                    && address::host_chars(host)
                    && !host.ends_with(['.', '-'])
                    && !host.contains("..")
                    && !host.contains('_')
            });
        if good { Some(text.to_owned()) } else { self.wrong(field, Mistake::Mailbox) }
    }

    fn hears(&mut self, fleet: &Fleet) -> Option<Hears> {
        let draft = self.draft;
        let least = match Severity::from_name(&draft.least) {
            Some(least) => Some(least),
            None => self.wrong("least", Mistake::UnknownChoice),
        };
        let known = |id: &GroupId| fleet.groups.contains_key(id);
        let groups = self.known("groups", &draft.groups, known);
        let known = |id: &DatacenterId| fleet.datacenters.contains_key(id);
        let datacenters = self.known("datacenters", &draft.datacenters, known);
        let kinds: Option<BTreeSet<_>> = ids(&draft.kinds).map(Kind::from_name).collect();
        let kinds = match kinds {
            Some(kinds) => Some(kinds),
            None => self.wrong("kinds", Mistake::UnknownChoice),
        };
        Some(Hears { least: least?, groups: groups?, datacenters: datacenters?, kinds: kinds? })
    }

    fn known<T: Ord + FromStr>(
        &mut self,
        field: &str,
        text: &str,
        known: impl Fn(&T) -> bool,
    ) -> Option<BTreeSet<T>> {
        let read: Result<BTreeSet<T>, ()> =
            ids(text).map(|id| id.parse::<T>().ok().filter(|id| known(id)).ok_or(())).collect();
        match read {
            Ok(read) => Some(read),
            Err(()) => self.wrong(field, Mistake::NotThere),
        }
    }

    fn repeat(&mut self) -> u32 {
        let text = self.draft.repeat_minutes.trim();
        let text = if text.is_empty() { "0" } else { text };
        match text.parse::<u32>().ok().filter(|minutes| *minutes <= REPEAT_MAX_MINUTES) {
            Some(minutes) => minutes,
            None => {
                let range = Mistake::Range { least: 0, most: REPEAT_MAX_MINUTES.into() };
                self.wrong("repeat_minutes", range).unwrap_or_default()
            }
        }
    }

    fn secret(&mut self) -> Option<String> {
        let secret = self.draft.secret.as_str();
        if secret.is_empty() {
            return None;
        }
        if secret.len() > SECRET_MAX_BYTES {
            return self.wrong("secret", Mistake::TooLong { most: SECRET_MAX_BYTES });
        }
        if secret.chars().any(char::is_control) {
            return self.wrong("secret", Mistake::Form);
        }
        Some(secret.to_owned())
    }
}

/// The words of a list with commas.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\r', '\n']).filter(|id| !id.is_empty())
}
