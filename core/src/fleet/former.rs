//! Former names: what entries were called before, so that old addresses lead where they are now.

use std::collections::{BTreeMap, BTreeSet};

use super::Fleet;
use super::entry::EntryKind;

/// Most former names of one entry.
pub const FORMER_MAX: usize = 16;
/// The key in a fleet file.
pub const KEY: &str = "was";
/// Kinds whose entries may say what they were called.
pub const KINDS: [EntryKind; 5] = [
    EntryKind::Region,
    EntryKind::Datacenter,
    EntryKind::Group,
    EntryKind::Service,
    EntryKind::Database,
];

/// By kind and former id: the entries that took it over. One that was split has several.
pub type Former = BTreeMap<EntryKind, BTreeMap<String, BTreeSet<String>>>;

impl Fleet {
    /// The entries that took over a former id, by id; empty: none did.
    pub fn successors(&self, kind: EntryKind, former: &str) -> Vec<&str> {
        let found = self.former.get(&kind).and_then(|of_kind| of_kind.get(former));
        found.into_iter().flatten().map(String::as_str).collect()
    }

    /// What an entry was called before, in alphabetical order.
    pub fn former_ids(&self, kind: EntryKind, id: &str) -> Vec<&str> {
        let of_kind = self.former.get(&kind).into_iter().flatten();
        let mine = of_kind.filter(|(_, successors)| successors.contains(id));
        mine.map(|(former, _)| former.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::diff;
    use crate::fleet::read;

    fn fleet(was: &str) -> String {
        format!(
            "name = \"test\"\n[[region]]\nid = \"north\"\ntime_zone = \"Europe/Oslo\"\n\
             [[datacenter]]\nid = \"fra1\"\nregion = \"north\"\nvendor = \"on-premises\"\n\
             [[datacenter]]\nid = \"osl1\"\nregion = \"north\"\nvendor = \"on-premises\"\n{was}\n"
        )
    }

    #[test]
    fn former_names_lead_to_those_that_took_them_over() {
        let good = read::read(&fleet("was = [\"osl\", \"oslo\"]")).expect("a good fleet");
        assert_eq!(good.successors(EntryKind::Datacenter, "oslo"), ["osl1"]);
        assert_eq!(good.successors(EntryKind::Region, "oslo"), [""; 0]);
        assert_eq!(good.former_ids(EntryKind::Datacenter, "osl1"), ["osl", "oslo"]);
        let json = serde_json::to_string(&good).expect("it serialises");
        assert_eq!(serde_json::from_str::<Fleet>(&json).expect("it reads back"), good);
        let plain = read::read(&fleet("")).expect("a good fleet");
        let changes = diff::diff(&plain, &good);
        assert_eq!(changes.len(), 1);
        assert!(format!("{changes:?}").contains("was"), "{changes:?}");
    }

    #[test]
    fn a_former_name_is_an_id_that_nobody_has() {
        for (was, code) in [
            ("was = [\"fra1\"]", "former-is-declared"),
            ("was = [\"Oslo\"]", "bad-id"),
            ("was = [\"a\", \"a\"]", "repeated-item"),
            ("was = \"a\"", "wrong-type"),
        ] {
            let found = read::read(&fleet(was)).expect_err("a mistake");
            assert_eq!((found[0].code(), found[0].line), (code, 13), "{was}");
        }
    }
}
