//! The entries of databases, and what test restores ask them.

use super::entries::Reader;
use super::fields::Fields;
use super::source::Entry;
use crate::backup::job::{CHECKS_MAX, Expect, SqlCheck};
use crate::fleet::entry::EntryKind;
use crate::fleet::finding::Value;
use crate::fleet::{Cluster, Database};
use crate::id::{DatacenterId, GroupId, PolicyId};

const CHECK_KEYS: [&str; 5] = ["name", "database", "query", "at_least", "exactly"];
/// The database of a cluster that is always there.
const DATABASE_DEFAULT: &str = "postgres";
/// Most that a standby may be behind without anybody being asked: 1 TiB.
const LAG_MAX_BYTES: i64 = 1 << 40;
/// Largest number that a check expects.
const COUNT_MAX: i64 = 1_000_000_000_000;

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn database(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Database> {
        let group = self.required_reference(entry, "group", EntryKind::Group, GroupId::new);
        let policy = self.fields(entry).text("policy");
        let policy = policy
            .map(|policy| self.reference("policy", EntryKind::BackupPolicy, policy, PolicyId::new));
        let proof_checks = self.proof_checks(entry);
        let cluster = cluster(&mut self.fields(entry));
        let Some(pair) = entry.pairs.get("datacenters") else {
            self.fields(entry).missing("datacenters");
            return None;
        };
        let kind = EntryKind::Datacenter;
        let datacenters = self.references(entry, "datacenters", kind, DatacenterId::new)?;
        self.enough_datacenters(entry, id, pair.value.at, datacenters.len());
        for datacenter in &datacenters {
            self.not_retired(entry, id, pair.value.at, datacenter);
        }
        Some(Database {
            group: group?,
            datacenters,
            policy: match policy {
                None => None,
                Some(policy) => Some(policy?),
            },
            cluster: cluster?,
            proof_checks: proof_checks?,
        })
    }

    fn proof_checks(&mut self, entry: &'a Entry<'i>) -> Option<Vec<SqlCheck>> {
        let mut fields = self.fields(entry);
        if fields.pair("proof_checks").is_none() {
            return Some(Vec::new());
        }
        let tables = fields.tables("proof_checks", CHECKS_MAX, &CHECK_KEYS)?;
        let checks: Vec<_> = tables
            .iter()
            .map(|table| check(&mut Fields { entry: table, findings: self.findings }))
            .collect();
        checks.into_iter().collect()
    }
}

/// Inside: the database has none.
fn cluster(fields: &mut Fields<'_, '_, '_>) -> Option<Option<Cluster>> {
    let Some(text) = fields.text("cluster") else {
        // A lag has no meaning where there is no standby.
        if fields.pair("cluster").is_none() && fields.pair("lag_max_bytes").is_some() {
            fields.missing("cluster");
            return None;
        }
        return fields.pair("cluster").is_none().then_some(None);
    };
    let known = [("patroni", ())];
    let named = fields.one_of("cluster", text, &known);
    let lag_max_bytes = match fields.pair("lag_max_bytes") {
        None => Some(Cluster::LAG_MAX_BYTES_DEFAULT),
        Some(_) => bounded(fields, "lag_max_bytes", LAG_MAX_BYTES),
    };
    named.and(lag_max_bytes).map(|lag_max_bytes| Some(Cluster::Patroni { lag_max_bytes }))
}

fn check(fields: &mut Fields<'_, '_, '_>) -> Option<SqlCheck> {
    for key in ["name", "query"] {
        if fields.pair(key).is_none() {
            fields.missing(key);
        }
    }
    let name = fields.label("name");
    let database = match fields.pair("database") {
        None => Some(DATABASE_DEFAULT.to_owned()),
        Some(_) => fields.label("database"),
    };
    let query = fields.text("query");
    let fault = query.and_then(|query| Some((query.at, SqlCheck::fault(query.value)?)));
    if let Some((at, fault)) = fault {
        fields.bad_text("query", at, format!("it {fault}"));
    }
    let expect = if fields.pair("at_least").is_some() {
        fields.forbid("exactly", "at_least");
        count(fields, "at_least").map(|count| Expect::AtLeast { count })
    } else if fields.pair("exactly").is_some() {
        count(fields, "exactly").map(|count| Expect::Exactly { count })
    } else {
        Some(Expect::True)
    };
    if fault.is_some() {
        return None;
    }
    let statement = query?.value.trim().to_owned();
    Some(SqlCheck { name: name?, database: database?, statement, expect: expect? })
}

fn count(fields: &mut Fields<'_, '_, '_>, key: &str) -> Option<u64> {
    bounded(fields, key, COUNT_MAX)
}

/// A whole number from 0 to `most`.
fn bounded(fields: &mut Fields<'_, '_, '_>, key: &str, most: i64) -> Option<u64> {
    let found = fields.whole(key, 0, most)?;
    let number = u64::try_from(found.value).ok().filter(|_| found.value <= most);
    if number.is_none() {
        let (key, value) = (key.to_owned(), found.value.to_string());
        fields.findings.push(found.at, Value::OutOfRange { key, value, least: 0, most });
    }
    number
}
