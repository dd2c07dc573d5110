//! The query of a page: read once, bad values dropped and named, links written back from it.

use serde::Serialize;
use utoipa::ToSchema;

/// A value that the page could not use; it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dropped {
    pub name: String,
    pub value: String,
}

/// The pairs of a query in order; a name may repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of an address after `?`. Never fails: what is not a pair is an empty value.
    pub fn parse(raw: &str) -> Self {
        let pairs = form_urlencoded::parse(raw.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The first value of `name` that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(n, value)| n == name && !value.is_empty());
        named.next().map(|(_, value)| value.as_str())
    }

    /// Every value of `name` that is not empty.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, value)| n == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Reads `name` with `parse`; what it refuses is dropped and named.
    pub fn read<T>(
        &self,
        name: &str,
        dropped: &mut Vec<Dropped>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.read_all(name, dropped, parse).into_iter().next()
    }

    /// As [`read`](Self::read), for a name that may repeat.
    pub fn read_all<T>(
        &self,
        name: &str,
        dropped: &mut Vec<Dropped>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for value in self.all(name) {
            match parse(value) {
                Some(value) => values.push(value),
                None => dropped.push(Dropped {
                    name: name.to_owned(),
                    value: value.chars().take(80).collect(),
                }),
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_values_are_named_and_the_rest_is_kept() {
        let query = Query::parse("status=failing&status=nope&q=a+b&x&dc=");
        let mut dropped = Vec::new();
        let statuses = query.read_all("status", &mut dropped, |name| {
            mainstay_core::status::Status::from_name(name)
        });
        assert_eq!(statuses, [mainstay_core::status::Status::Failing]);
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].value, "nope");
        assert_eq!(query.get("q"), Some("a b"));
        assert_eq!(query.get("dc"), None);
    }
}
