//! What was typed into the form of an event, and what it means.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::planned::{Content, Kind};

use crate::t;
use crate::text;
use crate::ui::form::Mistake;

/// The fields as they were typed; they go back into the form as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub title: String,
    pub what: String,
    pub kind: String,
    /// `2026-12-24 18:00`, UTC.
    pub from: String,
    pub until: String,
    /// `fra1, osl1`.
    pub datacenters: String,
    /// A line for each: `feed-api 2.0.0`, or `feed-api` alone.
    pub services: String,
    pub out_of_traffic: bool,
    pub compatible: bool,
    pub effect: String,
    pub way_back: String,
    pub commit: String,
    pub repository: String,
}

impl Typed {
    /// From a form's fields.
    pub fn read<'a>(text: impl Fn(&str) -> &'a str) -> Self {
        let own = |name: &str| text(name).to_owned();
        Self {
            title: own("title"),
            what: own("what"),
            kind: own("kind"),
            from: own("from"),
            until: own("until"),
            datacenters: own("datacenters"),
            services: own("services"),
            out_of_traffic: !text("out_of_traffic").is_empty(),
            compatible: !text("compatible").is_empty(),
            effect: own("effect"),
            way_back: own("way_back"),
            commit: own("commit"),
            repository: own("repository"),
        }
    }

    /// As one would type what an event says.
    pub fn of(content: &Content) -> Self {
        let moment = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
        let places: Vec<_> = content.datacenters.iter().map(ToString::to_string).collect();
        let services = content.services.iter().map(|(id, version)| match version {
            Some(version) => format!("{id} {version}"),
            None => id.to_string(),
        });
        Self {
            title: content.title.clone(),
            what: content.what.clone(),
            kind: content.kind.name().to_owned(),
            from: moment(content.from),
            until: moment(content.until),
            datacenters: places.join(", "),
            services: services.collect::<Vec<_>>().join("\n"),
            out_of_traffic: content.out_of_traffic,
            compatible: content.compatible,
            effect: content.effect.clone(),
            way_back: content.way_back.clone(),
            commit: content.commit.clone().unwrap_or_default(),
            repository: content.repository.clone().unwrap_or_default(),
        }
    }

    /// What it says; an error: what cannot be read, each with what to write.
    pub fn content(&self) -> Result<Content, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut time = |name: &str, typed: &str| match text::read_moment(typed) {
            Some(at) => at,
            None => {
                mistakes.push(Mistake::new(name, t!("event-mistake-time")));
                DateTime::UNIX_EPOCH
            }
        };
        let (from, until) = (time("from", &self.from), time("until", &self.until));
        let kind = Kind::from_name(&self.kind);
        if kind.is_none() {
            mistakes.push(Mistake::new("kind", t!("mistake-choice")));
        }
        let places = self.datacenters.split([',', ' ', '\n', '\r']).map(str::trim);
        let mut datacenters = BTreeSet::new();
        for place in places.filter(|place| !place.is_empty()) {
            match DatacenterId::new(place) {
                Ok(id) => drop(datacenters.insert(id)),
                Err(error) => mistakes.push(no_id("datacenters", place, &error)),
            }
        }
        let mut services = BTreeMap::new();
        for line in self.services.split(['\n', ',']).map(str::trim).filter(|it| !it.is_empty()) {
            let (id, version) = match line.split_once(char::is_whitespace) {
                Some((id, version)) => (id, Some(version.trim().to_owned())),
                None => (line, None),
            };
            match ServiceId::new(id) {
                Ok(id) => drop(services.insert(id, version)),
                Err(error) => mistakes.push(no_id("services", id, &error)),
            }
        }
        let (Some(kind), true) = (kind, mistakes.is_empty()) else { return Err(mistakes) };
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Content {
            title: self.title.trim().to_owned(),
            what: self.what.trim().replace("\r\n", "\n"),
            kind,
            from,
            until,
            datacenters,
            services,
            out_of_traffic: self.out_of_traffic,
            compatible: self.compatible,
            effect: self.effect.trim().replace("\r\n", "\n"),
            way_back: self.way_back.trim().replace("\r\n", "\n"),
            commit: some(&self.commit),
            repository: some(&self.repository),
        })
    }
}

fn no_id(field: &str, typed: &str, error: &mainstay_core::id::IdError) -> Mistake {
    let typed: String = typed.chars().take(40).collect();
    let why = error.to_string();
    Mistake::new(field, t!("event-mistake-id", typed = typed, why = why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> Typed {
        Typed {
            title: " Search ".into(),
            what: "one\r\ntwo".into(),
            kind: "new-feature".into(),
            from: "2026-12-24 18:00".into(),
            until: "2026-12-24T20:00:00Z".into(),
            datacenters: "fra1, osl1".into(),
            services: "feed-api 2.0.0\r\nstock".into(),
            repository: " https://git.example.org/shop ".into(),
            ..Typed::default()
        }
    }

    #[test]
    fn what_was_typed_is_read_and_typed_again() {
        let content = typed().content().expect("it can be read");
        assert_eq!((&*content.title, &*content.what), ("Search", "one\ntwo"));
        assert_eq!(content.datacenters.len(), 2);
        let services: Vec<_> = content.services.values().map(Option::as_deref).collect();
        assert_eq!(services, [Some("2.0.0"), None]);
        assert_eq!(Typed::of(&content).content(), Ok(content));
    }

    #[test]
    fn what_cannot_be_read_is_said_by_field() {
        let bad = Typed {
            kind: "party".into(),
            from: "tomorrow".into(),
            until: String::new(),
            datacenters: "FRA 1".into(),
            services: "feed_api 2".into(),
            ..typed()
        };
        let mistakes = bad.content().expect_err("nothing of it can be read");
        let fields: Vec<_> = mistakes.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, ["from", "until", "kind", "datacenters", "datacenters", "services"]);
    }
}
