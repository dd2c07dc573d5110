//! What the topology page was asked for: view, colouring, filters. Written back into links.

use std::collections::BTreeSet;

use mainstay_core::fleet::Fleet;
use mainstay_core::id::{DatacenterId, GroupId, RegionId, ServiceId};
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::query::{Dropped, Query};
use crate::paths;
use crate::ui::table::Sorted;

/// An enum that an address names; the first variant is the default.
macro_rules! choice {
    (
        $(#[$doc:meta])*
        $name:ident { $first:ident = $head:literal $(, $variant:ident = $text:literal)* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { #[default] $first, $($variant),* }
        impl $name {
            pub const ALL: &[Self] = &[Self::$first $(, Self::$variant)*];
            pub const fn name(self) -> &'static str {
                match self { Self::$first => $head $(, Self::$variant => $text)* }
            }
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == name)
            }
        }
    };
}

choice! {
    /// How the estate is laid out.
    View { Matrix = "matrix", Regions = "regions", List = "list" }
}

choice! {
    /// What the marks say.
    By { Health = "health", Version = "version", Load = "load" }
}

choice! {
    /// The column a list is sorted by.
    Sort {
        State = "state",
        Service = "service",
        Datacenter = "dc",
        Group = "group",
        Version = "version",
        Load = "load",
        Instances = "instances",
    }
}

/// Everything the address says. The default is the whole estate as a matrix by health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Filter {
    pub view: View,
    pub by: By,
    #[schema(value_type = Option<String>)]
    pub region: Option<RegionId>,
    #[schema(value_type = Option<String>)]
    pub dc: Option<DatacenterId>,
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
    #[schema(value_type = Vec<String>)]
    pub status: BTreeSet<Status>,
    pub q: String,
    pub sort: Sort,
    pub descending: bool,
    /// Groups with problems first, in the matrix.
    pub problems_first: bool,
    pub after: Option<String>,
    /// The selected cell.
    #[schema(value_type = Option<String>)]
    pub sel: Option<(ServiceId, DatacenterId)>,
}

impl Filter {
    /// Reads the query. What names nothing in the fleet is dropped and returned.
    pub fn read(query: &Query, fleet: &Fleet) -> (Self, Vec<Dropped>) {
        let mut dropped = Vec::new();
        let d = &mut dropped;
        let region = |id: &str| RegionId::new(id).ok().filter(|id| fleet.regions.contains_key(id));
        let dc =
            |id: &str| DatacenterId::new(id).ok().filter(|id| fleet.datacenters.contains_key(id));
        let group = |id: &str| GroupId::new(id).ok().filter(|id| fleet.groups.contains_key(id));
        let service = |id: &str| ServiceId::new(id).ok();
        let declared = |id: &str| service(id).filter(|id| fleet.services.contains_key(id));
        let cell = |text: &str| {
            let (s, place) = text.split_once('@')?;
            Some((service(s)?, dc(place)?))
        };
        let filter = Self {
            view: query.read("view", d, View::from_name).unwrap_or_default(),
            by: query.read("by", d, By::from_name).unwrap_or_default(),
            region: query.read("region", d, region),
            dc: query.read("dc", d, dc),
            group: query.read("group", d, group),
            service: query.read("service", d, declared),
            status: query.read_all("status", d, Status::from_name).into_iter().collect(),
            q: query.get("q").unwrap_or_default().trim().to_lowercase(),
            sort: query.read("sort", d, Sort::from_name).unwrap_or_default(),
            descending: query.get("dir") == Some("desc"),
            problems_first: query.get("first") == Some("problems"),
            after: query.get("after").map(str::to_owned),
            sel: query.read("sel", d, cell),
        };
        (filter, dropped)
    }

    /// The address of this filter; defaults are left out.
    pub fn href(&self) -> String {
        let sel = self.sel.as_ref().map(|(s, dc)| format!("{s}@{dc}")).unwrap_or_default();
        let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
        let mut pairs = vec![
            ("view", unless_default(self.view, self.view.name())),
            ("by", unless_default(self.by, self.by.name())),
            ("region", text(self.region.as_ref().map(RegionId::as_str))),
            ("dc", text(self.dc.as_ref().map(DatacenterId::as_str))),
            ("group", text(self.group.as_ref().map(GroupId::as_str))),
            ("service", text(self.service.as_ref().map(ServiceId::as_str))),
            ("q", self.q.clone()),
            ("sort", unless_default(self.sort, self.sort.name())),
            ("dir", if self.descending { "desc".to_owned() } else { String::new() }),
            ("first", if self.problems_first { "problems".to_owned() } else { String::new() }),
            ("after", self.after.clone().unwrap_or_default()),
            ("sel", sel),
        ];
        pairs.extend(self.status.iter().map(|status| ("status", status.name().to_owned())));
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        paths::with_query(paths::TOPOLOGY, &pairs)
    }

    /// This filter with one change; a change of what is shown starts at the first page.
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut filter = Self { after: None, ..self.clone() };
        change(&mut filter);
        filter
    }

    /// The filter with a status switched on or off.
    pub fn toggled(&self, status: Status) -> Self {
        self.with(|filter| {
            if !filter.status.remove(&status) {
                filter.status.insert(status);
            }
        })
    }

    /// The address and the direction of a sortable column.
    pub fn sorted_by(&self, sort: Sort) -> (String, Option<Sorted>) {
        let current = self.sort == sort;
        let href = self
            .with(|filter| {
                filter.sort = sort;
                filter.descending = current && !self.descending;
            })
            .href();
        let sorted = if self.descending { Sorted::Descending } else { Sorted::Ascending };
        (href, current.then_some(sorted))
    }

    /// Whether a service's rows are shown; `group` is its group where it has one.
    pub fn keeps_service(&self, service: &ServiceId, group: Option<&GroupId>) -> bool {
        self.service.as_ref().is_none_or(|id| id == service)
            && self.group.as_ref().is_none_or(|id| Some(id) == group)
            && (self.q.is_empty() || service.as_str().contains(&self.q))
    }

    /// Whether a data centre's columns are shown.
    pub fn keeps_datacenter(&self, dc: &DatacenterId, region: &RegionId) -> bool {
        self.dc.as_ref().is_none_or(|id| id == dc)
            && self.region.as_ref().is_none_or(|id| id == region)
    }

    /// Whether anything is left out.
    pub fn narrows(&self) -> bool {
        self.region.is_some()
            || self.dc.is_some()
            || self.group.is_some()
            || self.service.is_some()
            || !self.status.is_empty()
            || !self.q.is_empty()
    }
}

fn unless_default<T: Default + PartialEq>(value: T, name: &str) -> String {
    if value == T::default() { String::new() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        let fleet = Fleet::default();
        let raw = "view=list&by=load&status=failing&status=unknown&q=feed&sort=service&dir=desc";
        let (filter, dropped) = Filter::read(&Query::parse(raw), &fleet);
        assert_eq!(dropped, []);
        assert_eq!(
            filter.href(),
            "/topology?view=list&by=load&q=feed&sort=service&dir=desc&status=failing&status=unknown"
        );
        assert_eq!(Filter::default().href(), "/topology");
        assert_eq!(filter.toggled(Status::Failing).status, [Status::Unknown].into());
    }

    #[test]
    fn what_names_nothing_is_dropped_and_named() {
        let query = Query::parse("view=map&dc=nowhere&sel=a@b&status=ill");
        let (filter, dropped) = Filter::read(&query, &Fleet::default());
        assert_eq!(filter, Filter::default());
        let names: Vec<_> = dropped.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["view", "dc", "status", "sel"]);
    }
}
