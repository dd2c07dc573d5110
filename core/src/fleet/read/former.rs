//! What entries were called before.

use super::entries::Reader;
use crate::fleet::finding::{Rule, Value, quote};
use crate::fleet::former::{FORMER_MAX, KEY, KINDS};
use crate::id::check_form;

impl Reader<'_, '_> {
    /// Reads the former ids of every entry. One that is still declared is another entry's name.
    pub(super) fn former(&mut self) {
        for kind in KINDS {
            for entry in self.entries(kind) {
                let Some(id) = entry.pairs.get("id").and_then(|id| id.value.value.as_str()) else {
                    continue;
                };
                if !entry.pairs.contains_key(KEY) {
                    continue;
                }
                let former = self.fields(entry).set(KEY, FORMER_MAX).unwrap_or_default();
                for name in former {
                    if let Err(error) = check_form(name.value) {
                        let (id, reason) = (quote(name.value), error.to_string());
                        self.findings.push(name.at, Value::BadId { id, reason, nearest: None });
                    } else if self.declared.contains_key(&(kind, name.value)) {
                        let (id, former) = (quote(id), name.value.to_owned());
                        let declared = Rule::FormerIsDeclared { entry: kind, id, former };
                        self.findings.push(name.at, declared);
                    } else {
                        let of_kind = self.fleet.former.entry(kind).or_default();
                        let successors = of_kind.entry(name.value.to_owned()).or_default();
                        successors.insert(id.to_owned());
                    }
                }
            }
        }
    }
}
