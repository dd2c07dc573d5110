//! Typed values out of an entry; whatever is not as it must be becomes a finding.

use std::collections::BTreeSet;

use toml::de::{DeInteger, DeValue};

use super::Findings;
use super::nearest::nearest;
use super::source::{Entry, Located, Pair, Pairs};
use crate::fleet::entry::example;
use crate::fleet::finding::{Form, Value, quote};

/// Longest name, version or vendor, in characters.
pub(super) const LABEL_MAX_CHARS: usize = 60;
/// Longest path of a request, in bytes.
const PATH_MAX_BYTES: usize = 256;

/// An entry under examination.
pub(super) struct Fields<'a, 'i, 'f> {
    pub entry: &'a Entry<'i>,
    pub findings: &'f mut Findings<'i>,
}

impl<'a, 'i> Fields<'a, 'i, '_> {
    pub fn pair(&self, key: &str) -> Option<&'a Pair<'i>> {
        self.entry.pairs.get(key)
    }

    /// Reports that a key is missing, unless it may have stood in a broken line.
    pub fn missing(&mut self, key: &str) {
        if !self.entry.damaged {
            self.findings.push(
                self.entry.at,
                Form::MissingKey { key: key.to_owned(), example: example(key).to_owned() },
            );
        }
    }

    pub fn text(&mut self, key: &str) -> Option<Located<&'a str>> {
        let found = &self.pair(key)?.value;
        self.as_text(key, found.at, &found.value)
    }

    pub fn required_text(&mut self, key: &str) -> Option<Located<&'a str>> {
        if self.pair(key).is_none() {
            self.missing(key);
        }
        self.text(key)
    }

    /// A text for people: printable, neither empty nor endless.
    pub fn label(&mut self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        label(self.findings, key, text)
    }

    pub fn flag(&mut self, key: &str) -> bool {
        let Some(pair) = self.pair(key) else {
            return false;
        };
        let found = &pair.value.value;
        if found.as_bool().is_none() {
            wrong_type(self.findings, key, pair.value.at, "true or false", found);
        }
        found.as_bool().unwrap_or(false)
    }

    /// A whole number; one that has no room in `i64` is reported as out of range.
    pub fn whole(&mut self, key: &str, least: i64, most: i64) -> Option<Located<i64>> {
        let found = &self.pair(key)?.value;
        let DeValue::Integer(digits) = &found.value else {
            wrong_type(self.findings, key, found.at, "a whole number", &found.value);
            return None;
        };
        let value = i64::from_str_radix(digits.as_str(), digits.radix());
        if value.is_err() {
            self.out_of_range(key, found.at, digits, least, most);
        }
        let at = found.at;
        value.ok().map(|value| Located { at, value })
    }

    /// A whole number within bounds.
    pub fn within(&mut self, key: &str, least: u16, most: u16) -> Option<Located<u16>> {
        let (low, high) = (i64::from(least), i64::from(most));
        let number = self.whole(key, low, high)?;
        match u16::try_from(number.value) {
            Ok(value) if (least..=most).contains(&value) => Some(Located { at: number.at, value }),
            Ok(_) | Err(_) => {
                self.findings.push(
                    number.at,
                    Value::OutOfRange {
                        key: key.to_owned(),
                        value: number.value.to_string(),
                        least: low,
                        most: high,
                    },
                );
                None
            }
        }
    }

    /// A number with a fraction or without, as a multiple of `1 / parts`: with 100 parts, 2.5 is
    /// 250. What lies between two parts is out of range, as what lies beyond the bounds.
    pub fn parts(&mut self, key: &str, parts: u32, least: u32, most: u32) -> Option<Located<u32>> {
        let found = &self.pair(key)?.value;
        let text = match &found.value {
            DeValue::Integer(digits) if digits.radix() == 10 => digits.as_str(),
            DeValue::Float(digits) => digits.as_str(),
            DeValue::Integer(_)
            | DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                wrong_type(self.findings, key, found.at, "a number", &found.value);
                return None;
            }
        };
        let scaled = text.replace('_', "").parse::<f64>().unwrap_or(f64::NAN) * f64::from(parts);
        let value = scaled.round();
        let whole = (scaled - value).abs() < 1e-6;
        if !whole || !(f64::from(least)..=f64::from(most)).contains(&value) {
            let shown = |number: u32| f64::from(number) / f64::from(parts);
            let reason = format!(
                "it is not from {} to {} in steps of {}",
                shown(least),
                shown(most),
                shown(1)
            );
            self.bad_text(key, found.at, reason);
            return None;
        }
        let at = found.at;
        Some(Located { at, value: value as u32 })
    }

    /// The path of a request.
    pub fn path(&mut self, key: &str) -> Option<String> {
        let path = self.text(key)?;
        let visible = path.value.chars().all(|c| c.is_ascii_graphic() && c != '#');
        if !path.value.starts_with('/') || !visible || path.value.len() > PATH_MAX_BYTES {
            let reason =
                format!("a path begins with / and has at most {PATH_MAX_BYTES} visible characters");
            self.bad_text(key, path.at, reason);
            return None;
        }
        Some(path.value.to_owned())
    }

    /// A list of tables, each read as an entry of its own that has only the known keys.
    pub fn tables(&mut self, key: &str, most: usize, known: &[&str]) -> Option<Vec<Entry<'i>>> {
        let pair = self.pair(key)?;
        let DeValue::Array(items) = &pair.value.value else {
            wrong_type(self.findings, key, pair.value.at, "a list of tables", &pair.value.value);
            return None;
        };
        if items.len() > most {
            let (key, count) = (key.to_owned(), items.len());
            self.findings.push(pair.value.at, Form::TooManyItems { key, count, most });
            return None;
        }
        let mut entries = Vec::new();
        let mut whole = true;
        for item in items {
            let at = pair.base + item.span().start;
            let DeValue::Table(table) = item.get_ref() else {
                wrong_type(self.findings, key, at, "a list of tables", item.get_ref());
                whole = false;
                continue;
            };
            let mut pairs = Pairs::new();
            for (name, value) in table {
                let key_at = pair.base + name.span().start;
                if !known.contains(&name.get_ref().as_ref()) {
                    self.unknown_part(key, name.get_ref(), key_at, known);
                    whole = false;
                }
                let at = pair.base + value.span().start;
                let value = Located { at, value: value.get_ref().clone() };
                pairs.insert(name.get_ref().clone(), Pair { key_at, value, base: pair.base });
            }
            entries.push(Entry { kind: self.entry.kind, at, pairs, damaged: self.entry.damaged });
        }
        whole.then_some(entries)
    }

    fn unknown_part(&mut self, of: &str, key: &str, at: usize, known: &[&str]) {
        let unknown = Form::UnknownPart {
            of: of.to_owned(),
            key: quote(key),
            known: known.iter().map(|key| (*key).to_owned()).collect(),
            nearest: nearest(key, known.iter().copied()),
        };
        self.findings.push(at, unknown);
    }

    /// A list of texts; every item of another type is reported.
    pub fn list(&mut self, key: &str, most: usize) -> Option<Vec<Located<&'a str>>> {
        let pair = self.pair(key)?;
        let DeValue::Array(items) = &pair.value.value else {
            let found = &pair.value.value;
            wrong_type(self.findings, key, pair.value.at, "a list of texts", found);
            return None;
        };
        if items.len() > most {
            let (key, count) = (key.to_owned(), items.len());
            self.findings.push(pair.value.at, Form::TooManyItems { key, count, most });
            return None;
        }
        let texts: Vec<_> = items
            .iter()
            .map(|item| self.as_text(key, pair.base + item.span().start, item.get_ref()))
            .collect();
        texts.into_iter().collect()
    }

    /// A list of texts of which each stands there once; repeated ones are reported and left out.
    pub fn set(&mut self, key: &str, most: usize) -> Option<Vec<Located<&'a str>>> {
        let mut items = self.list(key, most)?;
        let mut seen = BTreeSet::new();
        items.retain(|item| {
            let new = seen.insert(item.value);
            if !new {
                let (key, value) = (key.to_owned(), quote(item.value));
                self.findings.push(item.at, Value::RepeatedItem { key, value });
            }
            new
        });
        Some(items)
    }

    /// One of the known values of a key.
    pub fn one_of<T: Copy>(
        &mut self,
        key: &str,
        text: Located<&str>,
        known: &[(&'static str, T)],
    ) -> Option<T> {
        let found = known.iter().find(|(name, _)| *name == text.value);
        if found.is_none() {
            let names = known.iter().map(|(name, _)| *name);
            self.findings.push(
                text.at,
                Value::UnknownValue {
                    key: key.to_owned(),
                    value: quote(text.value),
                    nearest: nearest(text.value, names.clone()),
                    allowed: names.map(|name| format!("`{name}`")).collect(),
                },
            );
        }
        found.map(|(_, value)| *value)
    }

    /// Reports a key that has no meaning beside another.
    pub fn forbid(&mut self, key: &str, with: &str) {
        if let Some(pair) = self.pair(key) {
            let (key, with) = (key.to_owned(), with.to_owned());
            self.findings.push(pair.key_at, Form::KeyDoesNotApply { key, with });
        }
    }

    pub fn bad_text(&mut self, key: &str, at: usize, reason: impl Into<String>) {
        bad_text(self.findings, key, at, reason.into());
    }

    fn as_text(
        &mut self,
        key: &str,
        at: usize,
        value: &'a DeValue<'i>,
    ) -> Option<Located<&'a str>> {
        let text = value.as_str();
        if text.is_none() {
            wrong_type(self.findings, key, at, "a text", value);
        }
        text.map(|value| Located { at, value })
    }

    fn out_of_range(
        &mut self,
        key: &str,
        at: usize,
        digits: &DeInteger<'_>,
        least: i64,
        most: i64,
    ) {
        let (key, value) = (key.to_owned(), quote(digits.as_str()));
        self.findings.push(at, Value::OutOfRange { key, value, least, most });
    }
}

/// Checks a text for people; see [`Fields::label`].
pub(super) fn label(findings: &mut Findings<'_>, key: &str, text: Located<&str>) -> Option<String> {
    let reason = if text.value.trim().is_empty() {
        "it is empty".to_owned()
    } else if text.value.chars().count() > LABEL_MAX_CHARS {
        format!("it is longer than {LABEL_MAX_CHARS} characters")
    } else if text.value.chars().any(char::is_control) {
        "it has a control character".to_owned()
    } else if text.value.trim() != text.value {
        "it begins or ends with a space".to_owned()
    } else {
        return Some(text.value.to_owned());
    };
    bad_text(findings, key, text.at, reason);
    None
}

pub(super) fn bad_text(findings: &mut Findings<'_>, key: &str, at: usize, reason: String) {
    let example = example(key).to_owned();
    let key = key.to_owned();
    findings.push(at, Value::BadText { key, reason, example });
}

pub(super) fn wrong_type(
    findings: &mut Findings<'_>,
    key: &str,
    at: usize,
    expected: &str,
    found: &DeValue<'_>,
) {
    let found = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    findings.push(
        at,
        Form::WrongType {
            key: key.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            example: example(key).to_owned(),
        },
    );
}
