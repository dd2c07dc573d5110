//! The entries of drills that repeat.

use super::entries::Reader;
use super::source::Entry;
use crate::failover::routine::{EVERY_DAYS_MAX, Routine};
use crate::fleet::entry::EntryKind;
use crate::id::{DatacenterId, GroupId};

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn drill(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Routine> {
        let mut fields = self.fields(entry);
        for key in ["datacenters", "every_days", "owner"] {
            if fields.pair(key).is_none() {
                fields.missing(key);
            }
        }
        let every_days = fields.within("every_days", 1, EVERY_DAYS_MAX).map(|found| found.value);
        let owner = fields.label("owner");
        let group = match self.fields(entry).text("group") {
            Some(group) => self.reference("group", EntryKind::Group, group, GroupId::new).map(Some),
            None => (!entry.pairs.contains_key("group")).then_some(None),
        };
        let on = match entry.pairs.get("on") {
            Some(_) => self.weekdays(entry, "on"),
            None => Some(Vec::new()),
        };
        let window_minutes = self.window(entry);
        let origin = self.origin(entry);
        let kind = EntryKind::Datacenter;
        let datacenters = self.references(entry, "datacenters", kind, DatacenterId::new)?;
        let at = entry.pairs.get("datacenters").map_or(entry.at, |pair| pair.value.at);
        if datacenters.is_empty() {
            self.fields(entry).bad_text("datacenters", at, "it names no data centre");
            return None;
        }
        for datacenter in &datacenters {
            self.not_retired(entry, id, at, datacenter);
        }
        Some(Routine {
            datacenters,
            group: group?,
            every_days: every_days?,
            on: on?,
            window_minutes: window_minutes?,
            origin: origin?,
            owner: owner?,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use crate::fleet::Weekday;
    use crate::fleet::read::read;

    const FLEET: &str = "name = \"test\"\n[[region]]\nid = \"north\"\ntime_zone = \"UTC\"\n\
                         [[datacenter]]\nid = \"a\"\nregion = \"north\"\nvendor = \"X\"\n\
                         [[group]]\nid = \"g\"\npriority = 1\nautomatic_drills = true\n\
                         [[drill]]\nid = \"d\"\n";

    #[test]
    fn one_is_read_with_what_is_usual_where_nothing_is_written() {
        let text = "datacenters = [\"a\"]\nevery_days = 90\nwindow = \"02:00-04:00\"\n\
                    owner = \"platform\"\n";
        let fleet = read(&format!("{FLEET}{text}")).expect("no mistake");
        let drill = &fleet.drills["d"];
        assert_eq!((drill.every_days, drill.window_minutes), (90, (120, 240)));
        assert_eq!((drill.group.clone(), drill.on.as_slice()), (None, &[] as &[Weekday]));
        assert!(fleet.groups.values().all(|group| group.automatic_drills));
        let more = "group = \"g\"\non = [\"friday\", \"tuesday\"]\norigin = \"2026-03-01\"\n";
        let fleet = read(&format!("{FLEET}{text}{more}")).expect("no mistake");
        let drill = &fleet.drills["d"];
        assert_eq!(drill.on, [Weekday::Tuesday, Weekday::Friday]);
        assert_eq!(Some(drill.origin), NaiveDate::from_ymd_opt(2026, 3, 1));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        for (text, expected) in [
            ("", "`datacenters` is missing"),
            ("datacenters = [\"a\"]", "`every_days` is missing"),
            ("datacenters = [\"a\"]\nevery_days = 9", "`owner` is missing"),
            ("datacenters = []\nevery_days = 9", "it names no data centre"),
            ("datacenters = [\"b\"]", "not declared"),
            ("every_days = 367", "366"),
            ("group = \"other\"", "not declared"),
            ("on = []", "it names no day"),
            ("on = [\"someday\"]", "`monday`"),
            ("window = \"2-4\"", "00:00 to 24:00"),
            ("origin = \"soon\"", "it is not a date"),
        ] {
            let found = read(&format!("{FLEET}{text}\n")).expect_err(text);
            let words: Vec<_> = found.iter().map(ToString::to_string).collect();
            assert!(words.iter().any(|it| it.contains(expected)), "{text}: {words:?}");
        }
    }
}
