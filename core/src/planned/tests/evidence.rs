//! What pipelines and repositories say of a commit: passing, failing and not known.

use super::*;
use crate::pipeline::look::{Answer as Looked, LOOK_AGAIN, LOOK_COUNTS, LOOK_EVERY, Look};
use crate::pipeline::repository::Repository;
use crate::pipeline::{Commit, RUNNING_COUNTS, Report, Status};

const COMMIT: &str = "4f2c0a5e9b1d3c7f8a6e5d4c3b2a190817263544";

/// An event that names a commit and where it is.
fn named() -> PlannedEvent {
    let content = Content {
        commit: Some(COMMIT.into()),
        repository: Some("https://git.example.org/shop.git".into()),
        ..content()
    };
    event(1, content)
}

fn reported(pipeline: &str, status: Status, minutes_ago: i64) -> Report {
    Report {
        repository: Repository::named("git.example.org/shop").expect("a place"),
        commit: Commit::new(COMMIT).expect("a commit"),
        pipeline: pipeline.into(),
        status,
        branch: None,
        url: Some("https://ci.example.org/7".into()),
        at: now() - TimeDelta::minutes(minutes_ago),
        service: None,
        version: None,
    }
}

fn looked(answer: Looked, ago: TimeDelta) -> World {
    World { look: Some(Look { at: now() - ago, answer }), ..World::new() }
}

fn tip() -> Looked {
    Looked::Tip { name: "branch main".into() }
}

fn unknown() -> Looked {
    Looked::Unknown { why: "it did not answer in 15 s".into() }
}

fn found(world: &World, event: &PlannedEvent, check: Check) -> Judged {
    let judged = world.judge(event).into_iter().find(|it| it.check == check);
    judged.expect("it is asked")
}

#[test]
fn every_pipeline_of_the_commit_passed() {
    let (event, pipeline) = (named(), Check::Pipeline);
    for (reports, answer, words) in [
        (vec![reported("", Status::Passed, 9)], Answer::Pass, "the pipeline of git.example.org"),
        (vec![reported("Build", Status::Passed, 9)], Answer::Pass, "Build of git.example.org/shop"),
        (vec![reported("Build", Status::Failed, 9)], Answer::Fail, "did not pass on 4f2c0a5e9b1d"),
        (vec![reported("Build", Status::Running, 9)], Answer::Unknown, "still runs"),
        (
            vec![reported("Build", Status::Running, RUNNING_COUNTS.num_minutes())],
            Answer::Unknown,
            "was not heard of since",
        ),
        (
            vec![reported("Build", Status::Passed, 9), reported("Lint", Status::Failed, 30)],
            Answer::Fail,
            "Lint",
        ),
        (
            vec![reported("Build", Status::Passed, 9), reported("Lint", Status::Running, 3)],
            Answer::Unknown,
            "Lint",
        ),
        // Two sources of the same: the newer one counts.
        (
            vec![reported("Build", Status::Failed, 30), reported("Build", Status::Passed, 9)],
            Answer::Pass,
            "Build",
        ),
        (Vec::new(), Answer::Unknown, "no pipeline has reported 4f2c0a5e9b1d"),
    ] {
        let world = World { reports, ..World::new() };
        let judged = found(&world, &event, pipeline);
        assert_eq!(judged.answer, answer, "{judged:?}");
        assert!(judged.sentence.contains(words), "{judged:?}");
        let seen = world.reports.iter().any(|report| Some(report.at) == judged.seen);
        assert_eq!(seen, !world.reports.is_empty(), "{judged:?}");
    }
}

#[test]
fn a_report_is_of_its_commit_and_repository_only() {
    let world = World { reports: vec![reported("", Status::Passed, 9)], ..World::new() };
    let with = |change: fn(&mut Content)| {
        let mut event = named();
        change(&mut event.content);
        found(&world, &event, Check::Pipeline).answer
    };
    assert_eq!(with(|_| ()), Answer::Pass);
    assert_eq!(with(|it| it.repository = None), Answer::Pass);
    let elsewhere = |it: &mut Content| it.repository = Some("https://git.example.org/x".into());
    assert_eq!(with(elsewhere), Answer::Unknown);
    assert_eq!(with(|it| it.commit = Some("5".repeat(40))), Answer::Unknown);
    assert_eq!(with(|it| it.commit = Some(COMMIT[..7].into())), Answer::Unknown);
}

#[test]
fn a_person_is_heard_where_no_pipeline_is() {
    let said = ticked(&named());
    let judged = found(&World::new(), &said, Check::Pipeline);
    assert_eq!(judged.answer, Answer::Pass);
    assert!(judged.sentence.starts_with("said by "), "{judged:?}");
    for (status, answer) in [(Status::Failed, Answer::Fail), (Status::Running, Answer::Unknown)] {
        let world = World { reports: vec![reported("", status, 9)], ..World::new() };
        assert_eq!(found(&world, &said, Check::Pipeline).answer, answer);
    }
}

#[test]
fn a_repository_has_the_commit() {
    let event = named();
    let seconds = TimeDelta::seconds(30);
    for (world, answer, words) in [
        (looked(tip(), seconds), Answer::Pass, "branch main of git.example.org/shop ends at 4f2c"),
        (looked(Looked::NoTip, seconds), Answer::Fail, "push it, or tag it"),
        (looked(unknown(), seconds), Answer::Unknown, "it did not answer in 15 s"),
        (looked(tip(), LOOK_COUNTS), Answer::Unknown, "was not asked in the last 60 minutes"),
        (World::new(), Answer::Unknown, "was not asked for 4f2c0a5e9b1d yet"),
    ] {
        let judged = found(&world, &event, Check::Configuration);
        assert_eq!(judged.answer, answer, "{judged:?}");
        assert!(judged.sentence.contains(words), "{judged:?}");
    }
    assert_eq!(
        found(&looked(tip(), seconds), &event, Check::Configuration).seen,
        Some(now() - seconds)
    );
    // A pipeline that ran on it had it; whether it passed is another check.
    let world = World { reports: vec![reported("", Status::Failed, 9)], ..World::new() };
    assert_eq!(found(&world, &event, Check::Configuration).answer, Answer::Pass);
}

#[test]
fn a_person_is_heard_where_no_repository_is() {
    let said = ticked(&named());
    let answer = |world: &World| found(world, &said, Check::Configuration).answer;
    let seconds = TimeDelta::seconds(30);
    assert_eq!(answer(&looked(unknown(), seconds)), Answer::Pass);
    assert_eq!(answer(&World::new()), Answer::Pass);
    // What the repository says counts for more.
    assert_eq!(answer(&looked(Looked::NoTip, seconds)), Answer::Fail);
    let mut short = said.clone();
    short.content.commit = Some(COMMIT[..7].into());
    assert_eq!(found(&World::new(), &short, Check::Configuration).answer, Answer::Pass);
}

#[test]
fn a_repository_is_asked_again_in_time() {
    for (answer, every) in
        [(tip(), LOOK_EVERY), (Looked::NoTip, LOOK_EVERY), (unknown(), LOOK_AGAIN)]
    {
        let look = Look { at: now(), answer };
        assert!(!look.is_due(now() + every - TimeDelta::seconds(1)));
        assert!(look.is_due(now() + every));
    }
}

#[test]
fn a_repository_is_named_with_the_whole_commit() {
    let fleet = World::new().fleet;
    let fields = |commit: Option<&str>, repository: &str| {
        let (commit, repository) = (commit.map(str::to_owned), Some(repository.to_owned()));
        let mistakes = Content { commit, repository, ..content() }.mistakes(&fleet, now());
        mistakes.iter().map(|it| it.field().to_owned()).collect::<Vec<_>>()
    };
    let good = "ssh://git@git.example.org/shop.git";
    assert_eq!(fields(Some(COMMIT), good), [""; 0]);
    assert_eq!(fields(None, good), [""; 0]);
    assert_eq!(fields(Some("5f1c2ab"), good), ["commit"]);
    assert_eq!(fields(Some(COMMIT), "https://ann:x@git.example.org/shop"), ["repository"]);
    assert_eq!(fields(Some("5f1c"), "--upload-pack=id"), ["repository", "commit"]);
    // What an event said before it could name one keeps its fingerprint.
    let json = serde_json::to_string(&content()).expect("it is written");
    assert!(!json.contains("repository"), "{json}");
}
