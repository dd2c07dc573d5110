//! Who may answer what, and when.

use std::collections::BTreeSet;

use super::*;
use crate::access::Scope;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn approval(kind: Kind) -> Approval {
    let subject = Subject::Failover { run: RunId(7), lose: "north".to_owned() };
    Approval {
        id: ApprovalId(3),
        kind,
        hash: subject.hash(),
        subject,
        reach: Reach::default(),
        by: "ann".to_owned(),
        reason: "the hall is under water".to_owned(),
        at: at(0),
        until: at(15),
        state: State::Waiting,
    }
}

fn person(name: &str) -> Person<'_> {
    Person { name, confirmed: true, touched: None }
}

fn refuse() -> Answer {
    Answer::Refuse { why: "the standby is too far behind".to_owned() }
}

#[test]
fn a_second_person_says_yes_or_no_and_only_once() {
    let asked = approval(Kind::Permission);
    let yes = answer(&asked, &Answer::Approve, person("ben"), at(1));
    assert_eq!(yes, Ok(State::Approved { by: "ben".to_owned(), at: at(1) }));
    let no = answer(&asked, &refuse(), person("ben"), at(1));
    assert!(matches!(no, Ok(State::Refused { .. })), "{no:?}");
    let states = [
        State::Approved { by: "ben".to_owned(), at: at(1) },
        State::Refused { by: "ben".to_owned(), why: "no".to_owned(), at: at(1) },
        State::Withdrawn { by: "ann".to_owned(), at: at(1) },
        State::Expired { at: at(1) },
        State::Void { why: "it moved".to_owned(), at: at(1) },
    ];
    for state in states {
        let over = Approval { state, ..asked.clone() };
        for said in [Answer::Approve, refuse(), Answer::Withdraw] {
            for name in ["ann", "ben"] {
                let refused = answer(&over, &said, person(name), at(2));
                assert!(matches!(refused, Err(Refusal::Over { .. })), "{said:?} to {over:?}");
            }
        }
    }
}

#[test]
fn whoever_asked_never_answers_and_alone_takes_it_back() {
    let asked = approval(Kind::Permission);
    let own = answer(&asked, &Answer::Approve, person("ann"), at(1));
    assert_eq!(own, Err(Refusal::SamePerson { by: "ann".to_owned() }));
    let back = answer(&asked, &Answer::Withdraw, person("ann"), at(1));
    assert_eq!(back, Ok(State::Withdrawn { by: "ann".to_owned(), at: at(1) }));
    let own = answer(&asked, &refuse(), person("ann"), at(1));
    assert_eq!(own, Ok(State::Withdrawn { by: "ann".to_owned(), at: at(1) }));
    let other = answer(&asked, &Answer::Withdraw, person("ben"), at(1));
    assert_eq!(other, Err(Refusal::NotYours { by: "ann".to_owned() }));
    // What was done is not taken back by saying so, and its doer does not judge it.
    let review = approval(Kind::Review);
    for said in [Answer::Approve, refuse()] {
        let own = answer(&review, &said, person("ann"), at(1));
        assert_eq!(own, Err(Refusal::SamePerson { by: "ann".to_owned() }));
    }
    let back = answer(&review, &Answer::Withdraw, person("ann"), at(1));
    assert_eq!(back, Err(Refusal::NoWithdrawal));
}

#[test]
fn a_yes_needs_a_person_who_proved_who_they_are_and_a_no_does_not() {
    let asked = approval(Kind::Permission);
    let stale = Person { confirmed: false, ..person("ben") };
    assert_eq!(answer(&asked, &Answer::Approve, stale, at(1)), Err(Refusal::NotConfirmed));
    // To stop something is never made harder.
    assert!(answer(&asked, &refuse(), stale, at(1)).is_ok());
    let review = approval(Kind::Review);
    assert_eq!(answer(&review, &refuse(), stale, at(1)), Err(Refusal::NotConfirmed));
}

#[test]
fn an_account_that_the_asker_made_is_no_second_person() {
    let asked = approval(Kind::Permission);
    let hours = PUPPET_FOR.num_minutes();
    for (by, minutes, counts) in
        [("ann", 0, false), ("ann", hours - 1, false), ("ann", hours, true), ("root", 0, true)]
    {
        let touched = Touched { by: by.to_owned(), at: at(1) - TimeDelta::minutes(minutes) };
        let ben = Person { touched: Some(&touched), ..person("ben") };
        let said = answer(&asked, &Answer::Approve, ben, at(1));
        assert_eq!(said.is_ok(), counts, "{touched:?}: {said:?}");
    }
}

#[test]
fn a_permission_ends_by_itself_and_a_review_stays_due() {
    let (asked, review) = (approval(Kind::Permission), approval(Kind::Review));
    assert_eq!(asked.expired(at(14)), None);
    assert_eq!(asked.expired(at(15)), Some(State::Expired { at: at(15) }));
    let late = answer(&asked, &Answer::Approve, person("ben"), at(15));
    assert_eq!(late, Err(Refusal::Expired { id: asked.id }));
    assert_eq!(review.expired(at(1_000)), None);
    assert!(review.is_late(at(15)) && !review.is_late(at(14)));
    assert!(answer(&review, &Answer::Approve, person("ben"), at(1_000)).is_ok());
}

#[test]
fn a_no_says_why() {
    let short = Answer::Refuse { why: "no       ".to_owned() };
    let said = answer(&approval(Kind::Permission), &short, person("ben"), at(1));
    assert_eq!(said, Err(Refusal::NoReason));
}

fn grant(role: Role, datacenters: &[&str]) -> Grant {
    let datacenters: BTreeSet<_> =
        datacenters.iter().map(|id| DatacenterId::new(id).expect("an id")).collect();
    Grant { role, scope: Scope { groups: BTreeSet::new(), datacenters } }
}

#[test]
fn more_rights_wait_for_a_second_person_and_fewer_never_do() {
    let (here, all) = (grant(Role::Operator, &["fra1"]), grant(Role::Operator, &[]));
    let viewer = grant(Role::Viewer, &[]);
    for (before, after, expected) in [
        (vec![], vec![all.clone()], true),
        (vec![here.clone()], vec![all.clone()], true),
        (vec![all.clone()], vec![here.clone()], false),
        (vec![all.clone()], vec![], false),
        (vec![], vec![viewer.clone()], false),
        (vec![all.clone()], vec![all.clone(), grant(Role::Approver, &[])], true),
    ] {
        assert_eq!(waits(&before, &after, true), expected, "{before:?} to {after:?}");
        assert!(!waits(&before, &after, false), "nobody else could answer");
        let now = at_once(&before, &after);
        assert!(!waits(&before, &now, true), "{now:?} counts at once");
        assert!(now.iter().all(|grant| after.contains(grant)));
    }
    assert_eq!(at_once(&[], &[viewer.clone(), all]), [viewer]);
}

#[test]
fn ids_are_read_as_they_are_written_and_hashes_tell_subjects_apart() {
    assert_eq!("ap-12".parse(), Ok(ApprovalId(12)));
    for text in ["ap-", "ap-x", "12", "ap--1", "ro-12", "ap-+1"] {
        assert_eq!(text.parse::<ApprovalId>(), Err(ApprovalIdError), "{text}");
    }
    let of = |after: Vec<Grant>| {
        let user = UserName::new("cat").expect("a name");
        Subject::Grants { user, revision: 1, before: Vec::new(), after }.hash()
    };
    assert_ne!(of(vec![grant(Role::Admin, &[])]), of(vec![grant(Role::Admin, &["fra1"])]));
}
