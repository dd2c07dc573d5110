//! Plain forms: their fields as typed, and the editor of roles read back.

use mainstay_app::pages::settings::grants::GrantRow;
use mainstay_core::access::{FieldMistake, Grant, Mistake, Role, Scope};
use mainstay_core::fleet::Fleet;

/// Most rows of the editor that are read.
const ROWS_MAX: usize = 50;

/// The fields of a form.
#[derive(Debug)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    pub fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field as typed; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// Every value of a field that is there several times, as boxes with one name are.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box is ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name).trim().parse().ok()
    }

    /// The editor of roles: what was typed, what it means, and what is wrong with it. A scope
    /// names groups and data centres of the fleet.
    pub fn grants(&self, fleet: &Fleet) -> GrantsTyped {
        let mut typed = GrantsTyped::default();
        for n in 0..ROWS_MAX {
            let id = format!("grants-{n}");
            let Some(role) = Role::from_name(self.text(&format!("{id}-role"))) else { break };
            let row = GrantRow {
                role,
                on: self.ticked(&id),
                groups: self.text(&format!("{id}-groups")).to_owned(),
                datacenters: self.text(&format!("{id}-datacenters")).to_owned(),
            };
            if row.on {
                match scope(&row, fleet) {
                    Ok(scope) => typed.grants.push(Grant { role, scope }),
                    Err(mistake) => typed.mistakes.push(FieldMistake::new(id, mistake)),
                }
            }
            typed.rows.push(row);
        }
        typed
    }
}

/// The editor of roles, read back.
#[derive(Debug, Default)]
pub struct GrantsTyped {
    pub rows: Vec<GrantRow>,
    pub grants: Vec<Grant>,
    pub mistakes: Vec<FieldMistake>,
}

impl GrantsTyped {
    /// All mistakes of a form: those of its other fields, then those of the editor, whose grants
    /// are not judged as a whole while some cannot be read.
    pub fn with(&self, others: Vec<FieldMistake>) -> Vec<FieldMistake> {
        let others = others.into_iter().filter(|mistake| mistake.field != "grants");
        others.chain(self.mistakes.iter().cloned()).collect()
    }
}

/// Names in scopes that the fleet does not have.
pub fn unknown(grants: &[Grant], fleet: &Fleet) -> Vec<FieldMistake> {
    let known = |scope: &Scope| {
        scope.groups.iter().all(|id| fleet.groups.contains_key(id))
            && scope.datacenters.iter().all(|id| fleet.datacenters.contains_key(id))
    };
    let wrong = grants.iter().enumerate().filter(|(_, grant)| !known(&grant.scope));
    wrong.map(|(n, _)| FieldMistake::new(format!("grants-{n}"), Mistake::NotThere)).collect()
}

fn scope(row: &GrantRow, fleet: &Fleet) -> Result<Scope, Mistake> {
    fn ids<T: Ord + std::str::FromStr>(
        text: &str,
        known: impl Fn(&T) -> bool,
    ) -> Result<std::collections::BTreeSet<T>, Mistake> {
        text.split([',', ' '])
            .filter(|id| !id.is_empty())
            .map(|id| {
                let id = id.parse().map_err(|_| Mistake::Form)?;
                if known(&id) { Ok(id) } else { Err(Mistake::NotThere) }
            })
            .collect()
    }
    Ok(Scope {
        groups: ids(&row.groups, |id| fleet.groups.contains_key(id))?,
        datacenters: ids(&row.datacenters, |id| fleet.datacenters.contains_key(id))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rows_until_one_is_missing() {
        let fleet = Fleet::default();
        let body = b"grants-0-role=operator&grants-0=yes&grants-0-groups=&grants-0-datacenters=\
            &grants-1-role=viewer&grants-2-role=admin&grants-2=yes&grants-2-groups=Social+\
            &grants-4-role=auditor&grants-4=yes";
        let typed = Fields::parse(body).grants(&fleet);
        assert_eq!(typed.rows.len(), 3);
        assert_eq!(typed.rows[2].groups, "Social ");
        let operator = Grant { role: Role::Operator, scope: Scope::default() };
        assert_eq!(typed.grants, [operator]);
        assert_eq!(typed.mistakes, [FieldMistake::new("grants-2", Mistake::Form)]);
    }

    #[test]
    fn a_scope_names_what_the_fleet_has() {
        let row = |text: &str| GrantRow {
            role: Role::Operator,
            on: true,
            groups: String::new(),
            datacenters: text.to_owned(),
        };
        let fleet = Fleet::default();
        assert_eq!(scope(&row("fra1"), &fleet), Err(Mistake::NotThere));
        assert_eq!(scope(&row("FRA 1"), &fleet), Err(Mistake::Form));
        assert_eq!(scope(&row(" , "), &fleet), Ok(Scope::default()));
    }
}
