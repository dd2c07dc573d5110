//! What jobs are asked with, and how their results are judged and told.

use crate::backup::job::{Cause, Expect, Failure, Step, Validation};

#[test]
fn answers_are_compared_with_what_is_expected() {
    let cases = [
        (Expect::True, "t", true),
        (Expect::True, "f", false),
        (Expect::True, "", false),
        (Expect::Exactly { count: 3 }, "3", true),
        (Expect::Exactly { count: 3 }, "4", false),
        (Expect::AtLeast { count: 3 }, "4", true),
        (Expect::AtLeast { count: 3 }, "2", false),
        (Expect::AtLeast { count: 0 }, "many", false),
    ];
    for (expect, answer, holds) in cases {
        assert_eq!(expect.holds(answer), holds, "{expect:?} {answer}");
    }
}

#[test]
fn only_missing_page_checksums_may_be_missing_from_a_validation() {
    let whole = Validation {
        recovery: Step::Passed,
        reached: None,
        structure: Step::Passed,
        checks: Vec::new(),
        pages: Step::not_run("the cluster keeps none"),
    };
    assert!(whole.passed());
    assert!(!Validation { structure: Step::not_run("x"), ..whole.clone() }.passed());
    let failure = Failure::new(Cause::Damaged, "");
    assert!(!Validation { pages: Step::Failed { failure }, ..whole }.passed());
    assert!(!Validation::not_run("x").passed());
}

#[test]
fn failures_are_sentences() {
    let cases = [
        (Failure::new(Cause::DiskFull, ""), "the disk is full"),
        (Failure::new(Cause::Setup, "no such stanza"), "no such stanza"),
        (
            Failure::new(Cause::Other { code: Some(9) }, "what"),
            "the engine ended with code 9: what",
        ),
    ];
    for (failure, sentence) in cases {
        assert_eq!(failure.to_string(), sentence);
    }
}
