//! The runbooks that are in force: those of the program, and the fleet's own, which replace them
//! name by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::Finding;
use super::{Origin, RUNBOOKS_MAX, Runbook, SET_MAX_BYTES, library, read};
use crate::fleet::Fleet;
use crate::id::{RunbookId, ServiceId};
use crate::problem::Problem;

/// Files of a set by slug: the fleet's own as they were applied.
pub type Files = BTreeMap<String, String>;

/// The runbooks that are in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelf {
    /// Of the fleet's own; 0: it has none.
    pub revision: i64,
    books: BTreeMap<RunbookId, Arc<Runbook>>,
}

/// Why a set is not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    #[error("{} of the runbooks have mistakes", .0.len())]
    Findings(BTreeMap<String, Vec<Finding>>),
    #[error("there are {0} runbooks, and a fleet may have at most {RUNBOOKS_MAX} of its own")]
    TooMany(usize),
    #[error("the runbooks have {0} bytes together, and may have at most {SET_MAX_BYTES}")]
    TooLarge(usize),
}

impl Default for Shelf {
    fn default() -> Self {
        Self::library()
    }
}

impl Shelf {
    /// The program's own alone.
    pub fn library() -> Self {
        Self { revision: 0, books: library::books().clone() }
    }

    /// The program's own, and those of a set. What cannot be read any more (it was applied under
    /// another version of the program) is left out, and its slug is told.
    pub fn of(revision: i64, files: &Files) -> (Self, Vec<String>) {
        let mut shelf = Self { revision, ..Self::library() };
        let mut left_out = Vec::new();
        for (slug, source) in files {
            match read(slug, source, Origin::Fleet, None) {
                Ok(book) => drop(shelf.books.insert(book.slug.clone(), Arc::new(book))),
                Err(_) => left_out.push(slug.clone()),
            }
        }
        (shelf, left_out)
    }

    pub fn get(&self, slug: &RunbookId) -> Option<&Arc<Runbook>> {
        self.books.get(slug)
    }

    /// All of them, by slug.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Runbook>> {
        self.books.values()
    }

    /// The one for a problem: of those about its kind, one about its service before one about
    /// none, the fleet's own before the program's, then by slug. The program has one for each kind.
    pub fn for_problem(&self, problem: &Problem) -> Option<&Arc<Runbook>> {
        let (kind, service) = (problem.kind(), problem.about().0);
        let fits = |book: &&Arc<Runbook>| {
            let mine = book.services.is_empty()
                || service.is_some_and(|service| book.services.contains(service));
            book.alerts.contains(&kind) && mine
        };
        let fitting = self.books.values().filter(fits);
        fitting.min_by_key(|book| {
            (book.services.is_empty(), book.origin != Origin::Fleet, book.slug.clone())
        })
    }

    /// Those about a service.
    pub fn of_service(&self, service: &ServiceId) -> impl Iterator<Item = &Arc<Runbook>> {
        self.books.values().filter(move |book| book.services.contains(service))
    }
}

/// Judges a set before it is applied.
pub fn check(files: &Files, fleet: Option<&Fleet>) -> Result<(), SetError> {
    if files.len() > RUNBOOKS_MAX {
        return Err(SetError::TooMany(files.len()));
    }
    let bytes = files.iter().map(|(slug, text)| slug.len() + text.len()).sum();
    if bytes > SET_MAX_BYTES {
        return Err(SetError::TooLarge(bytes));
    }
    let mistakes = files.iter().filter_map(|(slug, source)| {
        let findings = read(slug, source, Origin::Fleet, fleet).err()?;
        Some((slug.clone(), findings))
    });
    let mistakes: BTreeMap<_, _> = mistakes.collect();
    if mistakes.is_empty() { Ok(()) } else { Err(SetError::Findings(mistakes)) }
}
