//! What repositories and pipelines say of the commit that an event names (R15, R16).

use super::judge::{Found, change, ticked};
use super::{Answer, Check, Facts};
use crate::pipeline::look::{Answer as Looked, LOOK_COUNTS};
use crate::pipeline::repository::{Address, Repository};
use crate::pipeline::{Commit, RUNNING_COUNTS, Report, Status};
use crate::planned::{Content, PlannedEvent};

impl Content {
    /// The commit, where its whole name is written.
    pub fn whole_commit(&self) -> Option<Commit> {
        Commit::new(self.commit.as_deref()?).ok()
    }

    /// What is asked of which repository to find its configuration.
    pub fn asks(&self) -> Option<(Address, Commit)> {
        Some((Address::read(self.repository.as_deref()?)?, self.whole_commit()?))
    }
}

/// The first digits of a commit, as people tell them.
fn short(commit: &Commit) -> &str {
    commit.as_str().get(..12).unwrap_or_default()
}

/// What is reported of the commit of an event, in the repository that it names.
fn reports<'a>(event: &PlannedEvent, facts: &Facts<'a>) -> Vec<&'a Report> {
    let Some(commit) = event.content.whole_commit() else { return Vec::new() };
    let place = event.content.repository.as_deref().and_then(Repository::named);
    let of_it = |report: &&Report| {
        let here = place.as_ref().is_none_or(|place| *place == report.repository);
        report.commit == commit && here
    };
    facts.reports.iter().filter(of_it).collect()
}

pub(super) fn configuration(event: &PlannedEvent, facts: &Facts<'_>) -> Found {
    let Some(named) = &event.content.commit else {
        let words = "it names no commit of a repository that has its configuration";
        return Found::now(Answer::Fail, words, change(event));
    };
    if let Some(report) = reports(event, facts).into_iter().max_by_key(|report| report.at) {
        let words = format!("a pipeline of {} ran on {}", report.repository, short(&report.commit));
        let fix = report.url.clone().unwrap_or_else(|| change(event));
        return Found { answer: Answer::Pass, sentence: words, seen: Some(report.at), fix };
    }
    let by_person = |why: &str| {
        let open = format!("{why}, and nobody has said that all configuration is in it");
        ticked(Check::Configuration, event, &open, facts.now)
    };
    let Some((address, commit)) = event.content.asks() else {
        return by_person(&format!(
            "it names no repository that could be asked for {named}; write its address and all \
             40 or 64 digits of the commit"
        ));
    };
    let place = address.place();
    let Some(look) = facts.look else {
        return by_person(&format!("{place} was not asked for {} yet", short(&commit)));
    };
    if facts.now - look.at >= LOOK_COUNTS {
        let minutes = LOOK_COUNTS.num_minutes();
        return by_person(&format!("{place} was not asked in the last {minutes} minutes"));
    }
    let seen = Some(look.at);
    match &look.answer {
        Looked::Tip { name } => {
            let sentence = format!("{name} of {place} ends at {}", short(&commit));
            Found { answer: Answer::Pass, sentence, seen, fix: change(event) }
        }
        Looked::NoTip => {
            let sentence = format!(
                "no branch or tag of {place} ends at {}; push it, or tag it",
                short(&commit)
            );
            Found { answer: Answer::Fail, sentence, seen, fix: change(event) }
        }
        Looked::Unknown { why } => {
            let found = by_person(&format!("{place} could not be asked ({why})"));
            Found { seen: found.seen.or(seen), ..found }
        }
    }
}

pub(super) fn pipeline(event: &PlannedEvent, facts: &Facts<'_>) -> Found {
    let told = reports(event, facts);
    if told.is_empty() {
        let open = match event.content.whole_commit() {
            Some(commit) => format!(
                "no pipeline has reported {}, and nobody has looked whether it is current and \
                 without errors",
                short(&commit)
            ),
            None => "nobody has looked whether the pipeline is current and without errors; with \
                     all digits of the commit, its reports answer it"
                .to_owned(),
        };
        return ticked(Check::Pipeline, event, &open, facts.now);
    }
    // Several sources may tell of the same pipeline.
    let newest = told.iter().filter(|report| {
        let same = |other: &&&Report| {
            other.repository == report.repository && other.pipeline == report.pipeline
        };
        !told.iter().filter(same).any(|other| other.replaces(report))
    });
    let judged: Vec<_> = newest.map(|report| (answer(report, facts), *report)).collect();
    let seen = judged.iter().map(|(_, report)| report.at).min();
    let worst = judged.iter().map(|((answer, _), _)| *answer).min().unwrap_or(Answer::Unknown);
    let of_it: Vec<_> = judged.iter().filter(|((answer, _), _)| *answer == worst).collect();
    let words: Vec<_> = of_it.iter().map(|((_, words), _)| words.clone()).collect();
    let url = of_it.iter().find_map(|(_, report)| report.url.clone());
    let here = || format!("{}#check-{}", event.path(), Check::Pipeline.name());
    let fix = url.unwrap_or_else(here);
    Found { answer: worst, sentence: words.join("; "), seen, fix }
}

fn answer(report: &Report, facts: &Facts<'_>) -> (Answer, String) {
    let commit = short(&report.commit);
    let which = match report.pipeline.as_str() {
        "" => format!("the pipeline of {}", report.repository),
        name => format!("{name} of {}", report.repository),
    };
    match report.status {
        Status::Passed => (Answer::Pass, format!("{which} passed on {commit}")),
        Status::Failed => (Answer::Fail, format!("{which} did not pass on {commit}")),
        Status::Running if facts.now - report.at >= RUNNING_COUNTS => {
            (Answer::Unknown, format!("{which} began on {commit} and was not heard of since"))
        }
        Status::Running => (Answer::Unknown, format!("{which} still runs on {commit}")),
    }
}
