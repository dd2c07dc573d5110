//! What an answer means, and when a delivery is tried again.

use chrono::TimeDelta;

use super::at;
use crate::notify::DeliveryId;
use crate::notify::answer::{
    AGE_MAX, Answer, FEW_TRIES, Next, SAID_MAX_CHARS, TRIES_MAX, Trouble, Verdict, WAIT_MAX,
    backoff, next, retry_after, short,
};

#[test]
fn an_answer_means_one_thing() {
    let http = |status| Answer::http(status, None, "").verdict();
    let smtp = |code| Answer::smtp(code, "").verdict();
    let none = |trouble| Answer::none(trouble, "").verdict();
    for (verdict, expected) in [
        (http(200), Verdict::Sent),
        (http(202), Verdict::Sent),
        (http(204), Verdict::Sent),
        (http(301), Verdict::Few),
        (http(302), Verdict::Few),
        (http(400), Verdict::Few),
        (http(401), Verdict::Few),
        (http(404), Verdict::Few),
        (http(408), Verdict::Again),
        (http(410), Verdict::Stop),
        (http(425), Verdict::Again),
        (http(429), Verdict::Again),
        (http(500), Verdict::Again),
        (http(503), Verdict::Again),
        (Answer::http(429, Some(7), "").verdict(), Verdict::Wait { seconds: 7 }),
        (Answer::http(503, Some(7), "").verdict(), Verdict::Wait { seconds: 7 }),
        (Answer::http(500, Some(7), "").verdict(), Verdict::Again),
        (Answer::http(410, Some(7), "").verdict(), Verdict::Stop),
        (smtp(250), Verdict::Sent),
        (smtp(421), Verdict::Again),
        (smtp(451), Verdict::Again),
        (smtp(535), Verdict::Few),
        (smtp(550), Verdict::Few),
        (none(Trouble::Timeout), Verdict::Again),
        (none(Trouble::Connection), Verdict::Again),
        (none(Trouble::Name), Verdict::Again),
        (none(Trouble::Encryption), Verdict::Again),
        (none(Trouble::NotAllowed), Verdict::Few),
        (none(Trouble::Secret), Verdict::Few),
    ] {
        assert_eq!(verdict, expected);
    }
}

#[test]
fn tries_are_bounded_and_grow_apart() {
    let id = DeliveryId(412);
    let failed = Answer::http(500, None, "");
    let (mut now, mut tries, mut waits) = (at(0), 1, Vec::new());
    while let Next::Again { at: then } = next(id, at(0), tries, &failed, now) {
        waits.push(then - now);
        (now, tries) = (then, tries + 1);
    }
    assert_eq!(tries, TRIES_MAX);
    assert!(now - at(0) < AGE_MAX);
    assert!(waits.windows(2).take(8).all(|two| two[0] < two[1]), "{waits:?}");
    let longest = WAIT_MAX + WAIT_MAX / 5;
    assert!(waits.iter().all(|wait| *wait <= longest), "{waits:?}");
    assert!(waits[0] >= TimeDelta::seconds(4) && waits[0] <= TimeDelta::seconds(6));
    assert_eq!(backoff(id, 3), backoff(id, 3), "the same for the same delivery");
    assert_ne!(backoff(id, 3), backoff(DeliveryId(413), 3), "others come at other moments");
    let old = next(id, at(0) - AGE_MAX, 2, &failed, at(0));
    assert_eq!(old, Next::GiveUp);
    let refused = Answer::http(404, None, "");
    assert!(matches!(next(id, at(0), FEW_TRIES - 1, &refused, at(0)), Next::Again { .. }));
    assert_eq!(next(id, at(0), FEW_TRIES, &refused, at(0)), Next::GiveUp);
    assert_eq!(next(id, at(0), 1, &Answer::http(410, None, ""), at(0)), Next::Stop);
    assert_eq!(next(id, at(0), 1, &Answer::http(204, None, ""), at(0)), Next::Sent);
}

#[test]
fn a_receiver_says_when_it_wants_to_be_asked_again() {
    assert_eq!(retry_after("120", at(0)), Some(120));
    assert_eq!(retry_after(" 0 ", at(0)), Some(0));
    let date = (at(0) + TimeDelta::seconds(90)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    assert_eq!(retry_after(&date, at(0)), Some(90));
    assert_eq!(retry_after(&date, at(200)), Some(0), "it is over");
    assert_eq!(retry_after("soon", at(0)), None);
    assert_eq!(retry_after("-5", at(0)), None);
    let wait =
        |seconds| match next(DeliveryId(1), at(0), 1, &Answer::http(429, Some(seconds), ""), at(0))
        {
            Next::Again { at: then } => then - at(0),
            other @ (Next::Sent | Next::GiveUp | Next::Stop) => panic!("{other:?}"),
        };
    assert_eq!(wait(600), TimeDelta::seconds(600));
    assert_eq!(wait(1_000_000), WAIT_MAX, "not for ever");
    assert!(wait(0) >= TimeDelta::seconds(4), "and not at once");
}

#[test]
fn what_is_said_is_short_and_on_one_line() {
    assert_eq!(short(" come\r\n\tagain \u{0}later\u{1b}[31m "), "come again later [31m");
    let long = short(&"word ".repeat(500));
    assert!(long.ends_with('…') && long.chars().count() == SAID_MAX_CHARS + 1);
    assert_eq!(short(&"x".repeat(5_000)).chars().count(), SAID_MAX_CHARS + 1);
}
