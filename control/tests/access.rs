//! The doorkeeper on a real Postgres: who gets in, who stays in, and what the audit log says.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../store/tests/common/mod.rs"]
mod common;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_control::access::{
    Access, AccessError, By, ChangeUser, MakeToken, MakeUser, RedeemError, SignInError, digest,
};
use mainstay_core::access::{AgentCertificate, Grant, Mistake, Preferences, Role, Scope, User};
use mainstay_core::audit::{Action, Actor, Outcome};
use mainstay_core::id::{DatacenterId, UserName};
use mainstay_store::access::sessions;
use mainstay_store::audit::{self as log, Filter};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const PASSWORD: &str = "correct horse battery";

struct Rig {
    db: TestDatabase,
    access: Arc<Access>,
    now: Arc<Mutex<DateTime<Utc>>>,
}

impl Rig {
    async fn new() -> Self {
        let db = TestDatabase::new().await;
        let now = Arc::new(Mutex::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap()));
        let clock = Arc::clone(&now);
        let clock = Arc::new(move || *clock.lock().unwrap());
        let access = Arc::new(Access::with_clock(db.store.clone(), clock));
        Self { db, access, now }
    }

    fn pass(&self, time: TimeDelta) {
        *self.now.lock().unwrap() += time;
    }

    async fn user(&self, name: &str, grants: Vec<Grant>) -> User {
        let make = MakeUser {
            name: name.into(),
            display_name: name.into(),
            password: PASSWORD.into(),
            grants,
        };
        self.access.make_user(&By::system("test"), &make).await.unwrap().user
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<User, SignInError> {
        let entered = self.access.sign_in(name, password, HERE, Some("request".into())).await;
        entered.map(|entered| entered.user)
    }

    /// The entries of an action, oldest first: outcome and who.
    async fn entries(&self, action: Action) -> Vec<(Outcome, Actor)> {
        let filter = Filter { action: Some(action), ..Filter::default() };
        let found = log::list(&self.db.store, &filter, None, 100).await.unwrap();
        found.into_iter().rev().map(|entry| (entry.event.outcome, entry.event.actor)).collect()
    }
}

fn by(name: &str) -> By {
    By { actor: Actor::User(name.into()), request: None, confirmed: true }
}

fn name(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

fn grant(role: Role, datacenters: &[&str]) -> Grant {
    let datacenters = datacenters.iter().map(|id| DatacenterId::new(id).unwrap()).collect();
    Grant { role, scope: Scope { datacenters, ..Scope::default() } }
}

fn mistakes<T: std::fmt::Debug>(result: Result<T, AccessError>) -> Vec<(String, Mistake)> {
    match result {
        Err(AccessError::Mistakes(all)) => {
            all.into_iter().map(|mistake| (mistake.field, mistake.mistake)).collect()
        }
        other => panic!("no mistakes: {other:?}"),
    }
}

#[tokio::test]
async fn the_right_password_lets_in_and_everything_else_is_refused_alike() {
    let rig = Rig::new().await;
    rig.user("ann", vec![grant(Role::Viewer, &[])]).await;
    assert_eq!(rig.sign_in(" Ann ", PASSWORD).await.unwrap().name, name("ann"));
    for (who, password) in
        [("ann", "wrong"), ("nobody", PASSWORD), ("not a name", PASSWORD), ("", "")]
    {
        let refused = rig.sign_in(who, password).await.unwrap_err();
        assert!(matches!(refused, SignInError::Wrong), "{who}: {refused}");
    }
    let anonymous = Actor::Anonymous(HERE.to_string());
    let mut expected = vec![(Outcome::Done, Actor::User("ann".into()))];
    expected.extend(std::iter::repeat_n((Outcome::Refused, anonymous), 4));
    assert_eq!(rig.entries(Action::SignIn).await, expected);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_written_once_for_each_wait() {
    let rig = Rig::new().await;
    rig.user("ann", vec![grant(Role::Viewer, &[])]).await;
    for _ in 0..5 {
        assert!(matches!(rig.sign_in("ann", "wrong").await, Err(SignInError::Wrong)));
    }
    for _ in 0..3 {
        let refused = rig.sign_in("ann", PASSWORD).await.unwrap_err();
        assert!(matches!(refused, SignInError::Wait(wait) if wait.seconds == 1), "{refused}");
    }
    assert_eq!(rig.entries(Action::SignIn).await.len(), 6);
    rig.pass(TimeDelta::seconds(1));
    rig.sign_in("ann", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn there_is_always_somebody_who_manages_access() {
    let rig = Rig::new().await;
    let everywhere = || vec![grant(Role::Admin, &[])];
    let first = rig.user("first", everywhere()).await;
    let narrow = rig.user("narrow", vec![grant(Role::Admin, &["fra1"])]).await;
    let change = async |user: &User, change: ChangeUser| {
        let changed =
            rig.access.change_user(&by("first"), &user.name, user.revision, &change, "").await;
        changed.map(|changed| changed.user)
    };
    let demote = || ChangeUser::Grants(vec![grant(Role::Viewer, &[])]);
    for refused in [demote(), ChangeUser::Disable, ChangeUser::Grants(narrow.grants.clone())] {
        let error = change(&first, refused).await.unwrap_err();
        assert!(matches!(error, AccessError::LastAdmin), "{error}");
    }
    change(&narrow, demote()).await.unwrap();
    let second = rig.user("second", everywhere()).await;
    let second = change(&second, ChangeUser::Disable).await.unwrap();
    assert!(change(&first, demote()).await.is_err());
    let second = change(&second, ChangeUser::Enable).await.unwrap();
    // Two admins take the right from each other at the same time: one of them keeps it.
    let (a, b) = tokio::join!(change(&first, demote()), change(&second, demote()));
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
    let refused = rig.entries(Action::UserChange).await;
    let refused = refused.iter().filter(|(outcome, _)| *outcome == Outcome::Refused).count();
    assert_eq!(refused, 4);
}

#[tokio::test]
async fn a_change_on_an_old_page_does_nothing() {
    let rig = Rig::new().await;
    let ann = rig.user("ann", vec![grant(Role::Viewer, &[])]).await;
    let change = ChangeUser::Grants(vec![grant(Role::Operator, &[])]);
    let changed = rig.access.change_user(&by("x"), &ann.name, 1, &change, "").await.unwrap();
    assert_eq!(changed.user.revision, 2);
    let stale = rig.access.change_user(&by("x"), &ann.name, 1, &change, "").await.unwrap_err();
    assert!(matches!(stale, AccessError::Changed { revision: 2 }), "{stale}");
    let none = ChangeUser::Grants(Vec::new());
    let wrong = mistakes(rig.access.change_user(&by("x"), &ann.name, 2, &none, "").await);
    assert_eq!(wrong, [("grants".into(), Mistake::NoRole)]);
    let gone = rig.access.change_user(&by("x"), &name("bob"), 1, &change, "").await;
    assert!(matches!(gone, Err(AccessError::NotFound)));
}

#[tokio::test]
async fn every_mistake_in_a_new_user_is_named_at_once() {
    let rig = Rig::new().await;
    let make = MakeUser {
        name: "Ann".into(),
        display_name: " ".into(),
        password: "short".into(),
        grants: Vec::new(),
    };
    let wrong = mistakes(rig.access.make_user(&by("x"), &make).await);
    let expected = [
        ("name", Mistake::Form),
        ("display_name", Mistake::Missing),
        ("password", Mistake::TooShort { least: 12 }),
        ("grants", Mistake::NoRole),
    ];
    assert_eq!(wrong, expected.map(|(field, mistake)| (field.to_owned(), mistake)));
    rig.user("ann", vec![grant(Role::Viewer, &[])]).await;
    let again = MakeUser {
        name: "ann".into(),
        display_name: "Ann".into(),
        password: PASSWORD.into(),
        grants: vec![grant(Role::Viewer, &[])],
    };
    let taken = mistakes(rig.access.make_user(&by("x"), &again).await);
    assert_eq!(taken, [("name".into(), Mistake::Taken)]);
    let outcomes = rig.entries(Action::UserCreate).await.into_iter().map(|(outcome, _)| outcome);
    let expected = [Outcome::Refused, Outcome::Done, Outcome::Refused];
    assert_eq!(outcomes.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_session_ends_by_idleness_by_age_and_with_its_user() {
    let rig = Rig::new().await;
    let ann = rig.user("ann", vec![grant(Role::Viewer, &[])]).await;
    let data = &serde_json::json!({ "user": "ann" });
    let store = &rig.db.store;
    let begin = async |id: u8| {
        let (now, user) = (rig.access.now(), &ann.name);
        let inserted = store
            .read_committed(|tx| {
                Box::pin(
                    async move { sessions::insert(tx, &[id; 32], data, Some(user), now).await },
                )
            })
            .await;
        assert!(inserted.unwrap());
    };
    let load = async |id: u8| {
        let now = rig.access.now();
        sessions::load(store.reads(), &[id; 32], now).await.unwrap().map(|s| s.account.is_some())
    };
    begin(1).await;
    rig.pass(TimeDelta::minutes(29));
    assert_eq!(load(1).await, Some(true));
    rig.pass(TimeDelta::minutes(29));
    assert_eq!(load(1).await, Some(true), "a use begins the half hour anew");
    rig.pass(TimeDelta::minutes(30));
    assert_eq!(load(1).await, None, "idle");
    begin(2).await;
    for _ in 0..36 {
        assert_eq!(load(2).await, Some(true));
        rig.pass(TimeDelta::minutes(20));
    }
    assert_eq!(load(2).await, None, "12 hours");
    assert_eq!(rig.access.sweep().await.unwrap(), 2);

    begin(3).await;
    begin(4).await;
    let passwords = (PASSWORD, "another long password");
    let keep = Some(&[4; 32]);
    rig.access.change_password(&by("ann"), &ann.name, passwords, HERE, keep).await.unwrap();
    assert_eq!((load(3).await, load(4).await), (None, Some(true)), "a new password");
    rig.access.change_user(&by("x"), &ann.name, 2, &ChangeUser::Disable, "").await.unwrap();
    assert_eq!(load(4).await, None, "disabled");
    assert!(matches!(rig.sign_in("ann", passwords.1).await, Err(SignInError::Wrong)));
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it() {
    let rig = Rig::new().await;
    let ann = rig.user("ann", vec![grant(Role::Viewer, &[])]).await.name;
    let change = async |current: &str, new: &str| {
        rig.access.change_password(&by("ann"), &ann, (current, new), HERE, None).await
    };
    let wrong = mistakes(change("wrong", "short").await);
    let short = Mistake::TooShort { least: 12 };
    assert_eq!(wrong, [("current".into(), Mistake::WrongPassword), ("password".into(), short)]);
    change(PASSWORD, "another long password").await.unwrap();
    assert!(rig.sign_in("ann", PASSWORD).await.is_err());
    rig.sign_in("ann", "another long password").await.unwrap();
    rig.access.reset_password(&by("admin"), &ann, PASSWORD).await.unwrap();
    rig.sign_in("ann", PASSWORD).await.unwrap();
    assert_eq!(rig.entries(Action::PasswordChange).await.len(), 3);
    let preferences = Preferences { nav_collapsed: true, ..Preferences::default() };
    rig.access.change_profile(&by("ann"), &ann, "Ann B.", &preferences).await.unwrap();
    assert_eq!(rig.entries(Action::ProfileChange).await.len(), 1);
}

#[tokio::test]
async fn a_token_counts_for_what_its_owner_holds_until_it_ends() {
    let rig = Rig::new().await;
    let held = vec![grant(Role::Operator, &["fra1", "sin1"]), grant(Role::Viewer, &[])];
    let ann = rig.user("ann", held.clone()).await;
    let make = |name: &str, grants: Vec<Grant>, days| MakeToken { name: name.into(), grants, days };
    let mint =
        async |make: MakeToken| rig.access.make_token(&by("ann"), &ann, (&held, None), &make).await;
    let wide = mint(make("t", vec![grant(Role::Operator, &[])], 91)).await;
    let range = Mistake::Range { least: 1, most: 90 };
    assert_eq!(mistakes(wide), [("days".into(), range), ("grants".into(), Mistake::BeyondOwner)]);
    let (token, text) = mint(make("t", held[..1].to_vec(), 90)).await.unwrap();
    assert!(text.starts_with("mat_") && text.len() == 47);
    let taken = mistakes(mint(make("t", held[..1].to_vec(), 1)).await);
    assert_eq!(taken, [("name".into(), Mistake::Taken)]);

    let counts =
        async |text: &str| rig.access.authenticate(text).await.unwrap().map(|found| found.grants);
    assert_eq!(counts(&text).await, Some(held[..1].to_vec()));
    for wrong in ["", "mat_", "mat_abc", &text[4..], &format!("{text}x"), &text.to_uppercase()] {
        assert_eq!(counts(wrong).await, None, "{wrong}");
    }
    // The owner loses a data centre, then the role.
    let narrowed = ChangeUser::Grants(vec![grant(Role::Operator, &["fra1"])]);
    rig.access.change_user(&by("x"), &ann.name, 1, &narrowed, "").await.unwrap();
    assert_eq!(counts(&text).await, Some(vec![grant(Role::Operator, &["fra1"])]));
    let lost = ChangeUser::Grants(vec![grant(Role::Viewer, &[])]);
    rig.access.change_user(&by("x"), &ann.name, 2, &lost, "").await.unwrap();
    assert_eq!(counts(&text).await, Some(Vec::new()));
    rig.access.change_user(&by("x"), &ann.name, 3, &ChangeUser::Disable, "").await.unwrap();
    assert_eq!(counts(&text).await, None);
    rig.access.change_user(&by("x"), &ann.name, 4, &ChangeUser::Enable, "").await.unwrap();

    rig.pass(TimeDelta::days(90) - TimeDelta::microseconds(1));
    assert!(counts(&text).await.is_some());
    rig.pass(TimeDelta::microseconds(1));
    assert_eq!(counts(&text).await, None, "expired");
    let (second, text) = mint(make("u", held[1..].to_vec(), 1)).await.unwrap();
    let bob = name("bob");
    let not_mine = rig.access.revoke_token(&by("bob"), second.id, &bob, false).await;
    assert!(matches!(not_mine, Err(AccessError::NotFound)));
    assert!(counts(&text).await.is_some());
    rig.access.revoke_token(&by("bob"), second.id, &bob, true).await.unwrap();
    assert_eq!(counts(&text).await, None, "revoked");
    let outcomes = rig.entries(Action::TokenRevoke).await.into_iter().map(|(outcome, _)| outcome);
    assert_eq!(outcomes.collect::<Vec<_>>(), [Outcome::Refused, Outcome::Done]);
    assert_ne!(token.id, second.id);
}

#[tokio::test]
async fn a_token_made_by_a_token_lives_no_longer() {
    let rig = Rig::new().await;
    let ann = rig.user("ann", vec![grant(Role::Admin, &[])]).await;
    let until = rig.access.now() + TimeDelta::days(2);
    let make = MakeToken { name: "child".into(), grants: ann.grants.clone(), days: 90 };
    let holds = (ann.grants.as_slice(), Some(until));
    let (child, _) = rig.access.make_token(&by("ann"), &ann, holds, &make).await.unwrap();
    assert_eq!(child.expires_at, until);
    let wider = MakeToken { name: "wider".into(), ..make };
    let holds = ([grant(Role::Viewer, &[])], None);
    let refused = rig.access.make_token(&by("ann"), &ann, (&holds.0, holds.1), &wider).await;
    assert_eq!(mistakes(refused), [("grants".into(), Mistake::BeyondOwner)]);
}

#[tokio::test]
async fn of_many_agents_with_one_join_token_one_gets_in() {
    let rig = Rig::new().await;
    let fra1 = DatacenterId::new("fra1").unwrap();
    let invite = async || {
        let valid = TimeDelta::hours(1);
        rig.access.make_join_token(&by("admin"), &fra1, valid, &"ab".repeat(32)).await.unwrap()
    };
    let certificate = |n: u8, datacenter: &str| AgentCertificate {
        fingerprint: format!("{n:064x}"),
        datacenter: DatacenterId::new(datacenter).unwrap(),
        issued_at: rig.access.now(),
        expires_at: rig.access.now() + TimeDelta::days(30),
        revoked_at: None,
    };
    let (token, text) = invite().await;
    assert!(text.starts_with("mst1.") && text.ends_with(&"ab".repeat(32)) && token.id > 0);
    let elsewhere = rig.access.redeem(&text, &certificate(0, "sin1"), HERE).await;
    assert!(matches!(elsewhere, Err(RedeemError::NotValid)), "another data centre");

    let racers = (1..=8).map(|n| {
        let (access, text, certificate) =
            (rig.access.clone(), text.clone(), certificate(n, "fra1"));
        let from = IpAddr::from([192, 0, 2, 10 + n]);
        tokio::spawn(async move { (n, access.redeem(&text, &certificate, from).await) })
    });
    let mut winners = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        match racer.await.unwrap() {
            (n, Ok(())) => winners.push(n),
            (_, Err(RedeemError::NotValid)) => {}
            (n, Err(error)) => panic!("{n}: {error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    let outcomes = rig.entries(Action::AgentJoin).await;
    let joined = outcomes.iter().filter(|(outcome, _)| *outcome == Outcome::Done).count();
    assert_eq!((joined, outcomes.len()), (1, 9));

    let winner = certificate(winners[0], "fra1").fingerprint;
    assert!(rig.access.certificate(&winner).await.unwrap().is_some());
    let other = certificate(winners[0] % 8 + 1, "fra1").fingerprint;
    assert!(rig.access.certificate(&other).await.unwrap().is_none(), "a loser left nothing");
    rig.access.revoke_certificate(&by("admin"), &winner).await.unwrap();
    assert!(rig.access.certificate(&winner).await.unwrap().is_none());

    let (_, late) = invite().await;
    rig.pass(TimeDelta::hours(1));
    let expired = rig.access.redeem(&late, &certificate(9, "fra1"), HERE).await;
    assert!(matches!(expired, Err(RedeemError::NotValid)), "expired");
    let long = rig.access.make_join_token(&by("admin"), &fra1, TimeDelta::days(2), "").await;
    assert_eq!(mistakes(long), [("minutes".into(), Mistake::Range { least: 1, most: 1_440 })]);
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_database() {
    let rig = Rig::new().await;
    let ann = rig.user("ann", vec![grant(Role::Admin, &[])]).await;
    rig.sign_in("ann", "a wrong password, typed").await.unwrap_err();
    rig.sign_in("my secret in the wrong field", "x").await.unwrap_err();
    let make = MakeToken { name: "t".into(), grants: ann.grants.clone(), days: 1 };
    let holds = (ann.grants.as_slice(), None);
    let (_, token) = rig.access.make_token(&by("ann"), &ann, holds, &make).await.unwrap();
    let fra1 = DatacenterId::new("fra1").unwrap();
    let valid = TimeDelta::hours(1);
    let (_, join) = rig.access.make_join_token(&by("ann"), &fra1, valid, "ab").await.unwrap();
    let join_secret = join.split('.').nth(1).unwrap();
    let dump: String = sqlx::query_scalar(
        "SELECT string_agg(t, '') FROM (
             SELECT users::text AS t FROM users UNION ALL
             SELECT api_tokens::text FROM api_tokens UNION ALL
             SELECT join_tokens::text FROM join_tokens UNION ALL
             SELECT convert_from(body::text::bytea, 'UTF8') FROM audit_entry) AS all_rows",
    )
    .fetch_one(rig.db.store.reads())
    .await
    .unwrap();
    for secret in [PASSWORD, "a wrong password", "my secret", &token[4..], join_secret] {
        assert!(!dump.contains(secret), "{secret}");
    }
    assert!(dump.contains("argon2id"));
    assert_eq!(digest(&token).len(), 32);
}
