//! What a page of availability shows, from its address: a length of time, and of what.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{GroupId, RegionId, ServiceId};
use serde::Serialize;
use utoipa::ToSchema;

use super::day;
use crate::pages::query::{Dropped, Query};
use crate::paths;
use crate::t;
use crate::ui::link::{Segment, segments};

/// A length of time up to now. All but the shortest are whole UTC days, today the last of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Window {
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[default]
    #[serde(rename = "30d")]
    Month,
    #[serde(rename = "90d")]
    Quarter,
    #[serde(rename = "365d")]
    Year,
}

impl Window {
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// As it stands in the address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
            Self::Year => "365d",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.name() == name)
    }

    pub const fn days(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Year => 365,
        }
    }

    /// Where it begins and ends.
    pub fn period(self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
        match self {
            Self::Day => {
                let until = hour + TimeDelta::hours(1);
                (until - TimeDelta::days(1), until)
            }
            Self::Week | Self::Month | Self::Quarter | Self::Year => {
                let until = day(now) + TimeDelta::days(1);
                (until - TimeDelta::days(self.days()), until)
            }
        }
    }

    /// Whether it is summed up from hours; else from days.
    pub const fn is_fine(self) -> bool {
        matches!(self, Self::Day)
    }

    /// Whether its states are drawn from hours; else from days.
    pub const fn draws_hours(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month)
    }

    /// `in the last 30 days`.
    pub(super) fn words(self) -> String {
        match self {
            Self::Day => t!("window-day"),
            Self::Week | Self::Month | Self::Quarter | Self::Year => {
                t!("window-days", n = self.days())
            }
        }
    }
}

/// Of what, and how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AvailabilityScope)]
pub struct Scope {
    #[schema(value_type = String)]
    pub window: Window,
    #[schema(value_type = Option<String>)]
    pub region: Option<RegionId>,
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
}

impl Scope {
    /// Reads `window`, `region`, `group` and `service`; what the fleet does not have is named.
    pub fn read(query: &Query, fleet: &Fleet) -> (Self, Vec<Dropped>) {
        let mut dropped = Vec::new();
        let window = query.read("window", &mut dropped, Window::from_name);
        let scope = Self {
            window: window.unwrap_or_default(),
            region: query.read("region", &mut dropped, |id| {
                RegionId::new(id).ok().filter(|id| fleet.regions.contains_key(id))
            }),
            group: query.read("group", &mut dropped, |id| {
                GroupId::new(id).ok().filter(|id| fleet.groups.contains_key(id))
            }),
            service: query.read("service", &mut dropped, |id| {
                ServiceId::new(id).ok().filter(|id| fleet.services.contains_key(id))
            }),
        };
        (scope, dropped)
    }

    /// Its address.
    pub fn href(&self) -> String {
        let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
        let window = if self.window == Window::default() { "" } else { self.window.name() };
        let region = text(self.region.as_ref().map(RegionId::as_str));
        let group = text(self.group.as_ref().map(GroupId::as_str));
        let service = text(self.service.as_ref().map(ServiceId::as_str));
        paths::with_query(
            paths::AVAILABILITY,
            &[("window", window), ("region", &region), ("group", &group), ("service", &service)],
        )
    }

    /// What the rows over time are: regions, or what is in the one that was chosen.
    pub(super) fn rows(&self) -> Rows {
        match (&self.region, &self.group, &self.service) {
            (_, _, Some(_)) | (None, _, None) => Rows::Regions,
            (Some(_), None, None) => Rows::Groups,
            (Some(_), Some(_), None) => Rows::Services,
        }
    }

    /// What a row leads to.
    pub(super) fn inside(&self, row: &str) -> Self {
        let mut inside = self.clone();
        match self.rows() {
            Rows::Regions => inside.region = RegionId::new(row).ok(),
            Rows::Groups => inside.group = GroupId::new(row).ok(),
            Rows::Services => inside.service = ServiceId::new(row).ok(),
        }
        inside
    }

    /// `feed-api in eu-west`; `None`: everything.
    pub(super) fn name(&self) -> Option<String> {
        let what = self.service.as_ref().map(ServiceId::as_str);
        let what = what.or_else(|| self.group.as_ref().map(GroupId::as_str));
        match (what, self.region.as_ref().map(RegionId::as_str)) {
            (None, None) => None,
            (Some(what), None) => Some(what.to_owned()),
            (None, Some(region)) => Some(region.to_owned()),
            (Some(what), Some(region)) => {
                Some(t!("availability-scope", what = what, region = region))
            }
        }
    }
}

/// What the rows over time are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    Regions,
    Groups,
    Services,
}

/// Links to the lengths of time that are offered.
pub(super) fn windows(scope: &Scope) -> AnyView {
    let items = Window::ALL.map(|window| Segment {
        href: Scope { window, ..scope.clone() }.href(),
        label: match window {
            Window::Day => t!("window-24h"),
            Window::Week | Window::Month | Window::Quarter | Window::Year => {
                t!("window-short", n = window.days())
            }
        },
        current: window == scope.window,
    });
    segments(t!("range-label"), items.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_with_the_day_and_addresses_come_back() {
        let now: DateTime<Utc> = "2026-11-20T03:12:07Z".parse().expect("a time");
        for window in Window::ALL {
            let (from, until) = window.period(now);
            assert_eq!((until - from).num_days(), window.days(), "{window:?}");
            assert!(from < now && now < until);
            assert_eq!(Window::from_name(window.name()), Some(window));
        }
        let fleet = mainstay_core::fleet::Fleet::default();
        let (scope, dropped) = Scope::read(&Query::parse("window=5y&region=nowhere"), &fleet);
        assert_eq!(scope, Scope::default());
        assert_eq!(dropped.len(), 2);
        assert_eq!(scope.href(), "/availability");
        let inside = scope.inside("eu-west");
        assert_eq!(inside.href(), "/availability?region=eu-west");
        assert_eq!(inside.inside("store").rows(), Rows::Services);
    }
}
