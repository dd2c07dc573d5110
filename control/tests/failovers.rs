//! Failovers on a real Postgres with a real server, in a town whose network and data centres fail
//! in the middle of a run.

#![allow(clippy::unwrap_used, reason = "a test")]

mod town;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use mainstay_control::failover::{FailoverError, Start, Wanted};
use mainstay_core::audit::{Action, Actor, Outcome as Logged};
use mainstay_core::failover::drill::{Drill, DrillId, State as DrillState};
use mainstay_core::failover::request::Request;
use mainstay_core::failover::rules::Rule;
use mainstay_core::failover::{Act, Mode, Outcome, Run, RunId, Scope, State, StepId, StepState};
use mainstay_core::id::DatacenterId;
use mainstay_store::audit::{self, Filter};
use town::{Nature, Server, Town, ann};

const PLACES: [&str; 3] = ["osl1", "osl2", "osl3"];
const INSTANCES: usize = 16;
const REASON: &str = "a test of the whole";

/// Three data centres; one service runs in two of them only.
const FLEET: &str = r#"
name = "town"
[[region]]
id = "north"
time_zone = "Europe/Oslo"
[[datacenter]]
id = "osl1"
region = "north"
vendor = "on-premises"
[[datacenter]]
id = "osl2"
region = "north"
vendor = "Hetzner"
[[datacenter]]
id = "osl3"
region = "north"
vendor = "Hetzner"
[[edge]]
id = "edge-1"
region = "north"
datacenter = "osl2"
[[edge]]
id = "edge-2"
region = "north"
datacenter = "osl3"
[[group]]
id = "store"
priority = 1
orchestrator = "off"
[[group]]
id = "post"
priority = 2
orchestrator = "off"
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 2
version = "1.0.0"
front = true
[[service]]
id = "stock"
group = "store"
placement = "distributed"
datacenters = ["osl1", "osl2"]
nodes = 2
version = "1.0.0"
[[service]]
id = "mail"
group = "post"
placement = "distributed"
nodes = 2
version = "1.0.0"
"#;

fn set(ids: &[&str]) -> BTreeSet<DatacenterId> {
    ids.iter().map(|id| DatacenterId::new(id).unwrap()).collect()
}

fn start(lose: &[&str]) -> Start {
    Start {
        wanted: Wanted::Away { lose: set(lose), scope: Scope::All },
        mode: Mode::Graceful,
        drill: false,
        typed: lose.join(","),
        reason: REASON.to_owned(),
        emergency: false,
        overridden: BTreeSet::new(),
        hash: None,
        looked_at: None,
        event: None,
    }
}

async fn town() -> (Town, Server) {
    let town = Town::of(FLEET, &PLACES, INSTANCES).await;
    let server = town.settled().await;
    (town, server)
}

async fn begin(server: &Server, lose: &[&str]) -> RunId {
    server.control.start_failover(&ann(), &start(lose), "start").await.unwrap().id
}

/// Waits until a run is as asked.
async fn run(server: &Server, id: RunId, what: &str, is: impl Fn(&Run) -> bool) -> Run {
    let found = server.until(what, |control| {
        let releases = control.snapshot().estate.releases;
        releases.failovers.iter().find(|run| run.id == id && is(run)).cloned()
    });
    found.await
}

fn step<'a>(run: &'a Run, id: &str) -> Option<&'a StepState> {
    run.steps.get(&StepId(id.to_owned()))
}

fn is_done(run: &Run, id: &str) -> bool {
    matches!(step(run, id), Some(StepState::Done { .. }))
}

fn waits_for(run: &Run, id: &str, words: &str) -> bool {
    matches!(step(run, id), Some(StepState::Running { seen, .. }) if seen.contains(words))
}

fn has_ended(run: &Run) -> bool {
    matches!(&run.state, State::Ended { outcome: Outcome::Done, .. })
}

/// No group began before the one above it was observed, and no command was carried out twice.
fn in_order(town: &Town, run: &Run) {
    let begun = |group: &str| run.steps.keys().any(|id| id.0.starts_with(group));
    let observed = step(run, "store/observe").is_some_and(StepState::is_past);
    assert!(observed || !begun("post/"), "{run:#?}");
    let twice: Vec<_> = town.executions().into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_cut_off_is_asked_when_it_is_back() {
    let (town, server) = town().await;
    town.nature(|nature| nature.deaf = set(&["osl3"]));
    let id = begin(&server, &["osl1"]).await;
    run(&server, id, "the precheck", |run| is_done(run, "store/precheck")).await;
    town.nature(|nature| nature.cut = set(&["osl3"]));
    let waits = |run: &Run| waits_for(run, "store/scale/shop/osl3", "osl3 is not heard");
    // The other one is scaled meanwhile, and nothing is given up.
    let other = |run: &Run| is_done(run, "store/scale/shop/osl2") && waits(run);
    let cut = run(&server, id, "the other goes on", other).await;
    assert_eq!(cut.state, State::Running);
    assert_eq!(step(&cut, "store/observe"), None);
    in_order(&town, &cut);
    town.nature(|nature| *nature = Nature::default());
    let done = run(&server, id, "it is over", has_ended).await;
    in_order(&town, &done);
    let releases = server.control.snapshot().estate.releases;
    let moved = done.plan.steps().filter(|(_, step)| matches!(step.act, Act::ShiftTraffic(_)));
    for (_, step) in moved {
        let (Act::ShiftTraffic(service), Some(from)) = (&step.act, &step.from) else { continue };
        assert!(releases.standing.is_away(service, from), "{service}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_dies_holds_the_next_group_until_a_person_decides() {
    let (town, server) = town().await;
    town.nature(|nature| nature.deaf = set(&["osl2"]));
    let id = begin(&server, &["osl1"]).await;
    run(&server, id, "a target is up", |run| is_done(run, "store/scale/shop/osl3")).await;
    town.nature(|nature| (nature.cut, nature.deaf) = (set(&["osl3"]), BTreeSet::new()));
    // Its nodes count no more: the group is not recovered.
    let waits = |run: &Run| waits_for(run, "store/observe", "serve in osl3");
    let held = run(&server, id, "the group waits for the dead one", waits).await;
    assert_eq!(held.state, State::Running);
    in_order(&town, &held);
    let ask = async |request: Request, key: &str| {
        server.control.ask_failover(&ann(), id, &request, None, key).await.unwrap()
    };
    let (reason, observe) = (REASON.to_owned(), StepId("store/observe".to_owned()));
    ask(Request::Skip { step: observe, reason: reason.clone() }, "skip").await;
    // Nothing moves to the dead one: the next group asks before it begins.
    let asks = |run: &Run| {
        let State::Asking { step, why, .. } = &run.state else { return false };
        step.0 == "post/precheck" && why.contains("osl3")
    };
    let asking = run(&server, id, "it asks", asks).await;
    in_order(&town, &asking);
    ask(Request::Stop { reason }, "stop").await;
    let stopped = run(&server, id, "it is stopped", Run::is_over).await;
    assert!(stopped.began(), "what moved stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_in_the_middle_holds_the_next_group_until_it_is_overridden() {
    let (town, server) = town().await;
    town.nature(|nature| nature.deaf = set(&["osl2"]));
    let id = begin(&server, &["osl1"]).await;
    run(&server, id, "a target is up", |run| is_done(run, "store/scale/shop/osl3")).await;
    server.control.close_gate(&ann(), Rule::Lock, REASON, None, "lock").await.unwrap();
    town.nature(|nature| *nature = Nature::default());
    let asks = |run: &Run| run.asked_rules() == [Rule::Lock].into();
    let asking = run(&server, id, "it asks", asks).await;
    let State::Asking { step, why, .. } = &asking.state else { panic!("{asking:#?}") };
    assert!(why.contains("lock by ann") && !asking.steps.contains_key(step), "{why}");
    in_order(&town, &asking);
    let reason = REASON.to_owned();
    let rules = [Rule::Lock].into();
    let ask = Request::Override { rules, reason: reason.clone(), emergency: false };
    let waits = server.control.ask_failover(&ann(), id, &ask, None, "override").await;
    assert!(matches!(waits, Err(FailoverError::Waits { .. })), "{waits:?}");
    let rules = [Rule::Lock].into();
    let ask = Request::Override { rules, reason, emergency: true };
    server.control.ask_failover(&ann(), id, &ask, None, "emergency").await.unwrap();
    let done = run(&server, id, "it is over", has_ended).await;
    in_order(&town, &done);
    assert!(done.emergency && done.overridden == [Rule::Lock].into(), "{done:#?}");
    let open = server.control.open_approvals().await.unwrap();
    assert_eq!(open.len(), 1, "somebody looks at it: {open:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_of_a_pair_are_lost_and_what_ran_only_there_is_started_elsewhere() {
    let (town, server) = town().await;
    town.nature(|nature| nature.cut = set(&["osl1", "osl2"]));
    server
        .until("both are silent", |control| {
            let observed = control.observed();
            let heard = |id: &DatacenterId| observed.is_heard(id);
            (!set(&["osl1", "osl2"]).iter().any(heard)).then_some(())
        })
        .await;
    let id = begin(&server, &["osl1", "osl2"]).await;
    let done = run(&server, id, "it is over", has_ended).await;
    in_order(&town, &done);
    assert!(is_done(&done, "store/start/stock/osl3"), "{done:#?}");
    let to: BTreeSet<_> = done.plan.steps().filter_map(|(_, step)| step.to.clone()).collect();
    assert_eq!(to, set(&["osl3"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_operators_who_start_at_once_one_does_and_the_other_is_told() {
    let (town, server) = town().await;
    let ben = mainstay_control::access::By { actor: Actor::User("ben".to_owned()), ..ann() };
    let (ann, control) = (ann(), &server.control);
    let (lose, other) = (start(&["osl1"]), start(&["osl2"]));
    let (first, second) = tokio::join!(
        control.start_failover(&ann, &lose, "ann"),
        control.start_failover(&ben, &other, "ben")
    );
    let (won, lost) = match (first, second) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        both => panic!("{both:?}"),
    };
    assert!(matches!(lost, FailoverError::Other { run } if run == won.id), "{lost:?}");
    let words = format!("{} is not over: one failover at a time, in one order", won.id);
    assert_eq!(lost.to_string(), words);
    let filter = Filter { action: Some(Action::FailoverStart), ..Filter::default() };
    let found = audit::list(&town.db.store, &filter, None, 10).await.unwrap();
    let mut outcomes: Vec<_> =
        found.iter().map(|entry| entry.event.outcome == Logged::Done).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [false, true], "each stands in the log");
    assert_eq!(control.failovers(None, 10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_outruns_its_history_is_called_stuck_until_it_goes_on() {
    let (town, server) = town().await;
    // Once there and back, so that there is a history; then once more.
    let first = begin(&server, &["osl1"]).await;
    run(&server, first, "the first is over", has_ended).await;
    let again = async |wanted: Wanted, key: &str| {
        let overridden = [Rule::Wait].into();
        let start = Start { wanted, emergency: true, overridden, ..start(&["osl1"]) };
        server.control.start_failover(&ann(), &start, key).await.unwrap().id
    };
    again(Wanted::Back { run: first }, "back").await;
    let nothing = |control: &mainstay_control::Control| {
        control.snapshot().estate.releases.failovers.is_empty().then_some(())
    };
    server.until("all is back", nothing).await;
    town.nature(|nature| nature.deaf = set(&["osl3"]));
    let id = again(start(&["osl1"]).wanted, "again").await;
    // Which of its services is the first that osl3 has too few nodes of depends on how far it had
    // released them when it went deaf.
    let in_osl3 = |step: &str| step.contains("/scale/") && step.ends_with("/osl3");
    let stuck = server
        .until("it is called stuck", |control| {
            let snapshot = control.snapshot();
            snapshot.stuck(id).iter().find(|it| in_osl3(&it.step.0)).cloned()
        })
        .await;
    assert!(stuck.measured && stuck.limit_seconds >= 15, "{stuck:?}");
    assert!(stuck.waits_for.contains("nodes serve in osl3"), "{stuck:?}");
    let begun = run(&server, id, "it runs", |_| true).await;
    let since = step(&begun, &stuck.step.0).and_then(StepState::since).unwrap();
    let ran = (stuck.since - since).num_seconds();
    assert!(ran >= 15, "called stuck after {ran} s");
    assert_eq!(begun.state, State::Running, "it is only said");

    town.nature(|nature| nature.deaf.clear());
    run(&server, id, "it is over", has_ended).await;
    let quiet =
        |control: &mainstay_control::Control| control.snapshot().stuck(id).is_empty().then_some(());
    server.until("nobody calls it stuck any more", quiet).await;
}

/// What became of a planned drill.
async fn drilled(server: &Server, id: DrillId, what: &str) -> DrillState {
    let until = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    loop {
        ticks.tick().await;
        let drill = server.control.drill(id).await.unwrap().unwrap();
        if drill.state != DrillState::Planned {
            return drill.state;
        }
        assert!(tokio::time::Instant::now() < until, "{what}: {drill:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planned_drill_begins_at_its_time_or_is_missed_and_says_why() {
    let (town, server) = town().await;
    let control = &server.control;
    let (lose, scope) = (set(&["osl1"]), Scope::All);
    let plan = async |seconds, key: &str| {
        let at = Utc::now() + TimeDelta::seconds(seconds);
        control.plan_drill(&ann(), (&lose, &scope), at, REASON, key).await
    };
    assert!(matches!(plan(-1, "past").await, Err(FailoverError::Form(_))));
    let (soon, later) = (plan(2, "soon").await.unwrap(), plan(3_600, "later").await.unwrap());
    assert_eq!(plan(2, "never").await.unwrap().state, DrillState::Planned);
    let never = control
        .drills()
        .await
        .unwrap()
        .into_iter()
        .find(|it| it.id != soon.id && it.id != later.id);
    control.cancel_drill(&ann(), never.unwrap().id, "cancel").await.unwrap();
    let again = control.cancel_drill(&ann(), later.id, "cancel-later").await.unwrap();
    assert!(matches!(again.state, DrillState::Cancelled { .. }));
    let twice = control.cancel_drill(&ann(), later.id, "cancel-again").await;
    assert!(matches!(twice, Err(FailoverError::Changed(_))), "{twice:?}");

    let begun = drilled(&server, soon.id, "it begins").await;
    let DrillState::Started { run: id, .. } = begun else { panic!("{begun:?}") };
    let running = run(&server, id, "it runs", |_| true).await;
    assert!(running.drill && running.reason.contains("planned by ann"), "{running:#?}");
    assert_eq!((running.mode, running.started_by.as_str()), (Mode::Graceful, "drills"));

    // One whose time was a while ago, with the other one in the way all along.
    let late = &Drill { at: Utc::now() - TimeDelta::minutes(16), ..soon.clone() };
    let written = town.db.store.read_committed(|tx| {
        Box::pin(async move { mainstay_store::drill::insert(tx, late).await })
    });
    let late = written.await.unwrap().unwrap();
    let missed = drilled(&server, late, "it is missed").await;
    assert!(matches!(&missed, DrillState::Missed { .. }), "{missed:?}");
    let filter = Filter { action: Some(Action::FailoverDrillMiss), ..Filter::default() };
    let found = audit::list(&town.db.store, &filter, None, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    let done = run(&server, id, "it is over", has_ended).await;
    in_order(&town, &done);
    assert_eq!(control.failovers(None, 10).await.unwrap().len(), 1, "one began");
}

/// With a drill that is due at any time of the day, of a town whose groups allow it or do not.
fn repeating(automatic: bool) -> String {
    let drill = "[[drill]]\nid = \"monthly\"\ndatacenters = [\"osl1\"]\nevery_days = 28\n\
                 window = \"00:00-24:00\"\nowner = \"platform\"\n";
    let flag = format!("orchestrator = \"off\"\nautomatic_drills = {automatic}\n");
    format!("{}{drill}", FLEET.replace("orchestrator = \"off\"\n", &flag))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_that_repeats_begins_by_itself_once_where_its_groups_allow_it() {
    let town = Town::of(&repeating(true), &PLACES, INSTANCES).await;
    let server = town.settled().await;
    let control = &server.control;
    control.close_gate(&ann(), Rule::Lock, REASON, None, "lock").await.unwrap();
    let drills = async || control.drills().await.unwrap();
    // What is in its way is waited for: it may have been there when it was planned.
    let until = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    let planned = loop {
        ticks.tick().await;
        if let [drill] = drills().await.as_slice() {
            break drill.clone();
        }
        assert!(tokio::time::Instant::now() < until, "nothing was planned");
    };
    assert_eq!((planned.by.as_str(), planned.state.name()), ("platform", "planned"));
    assert_eq!(planned.routine.as_ref().map(ToString::to_string).as_deref(), Some("monthly"));
    control.open_gate(&ann(), Rule::Lock, "open").await.unwrap();
    let begun = drilled(&server, planned.id, "it begins").await;
    let DrillState::Started { run: id, .. } = begun else { panic!("{begun:?}") };
    let done = run(&server, id, "it is over", has_ended).await;
    in_order(&town, &done);
    assert!(done.drill && done.reason.contains("monthly is due"), "{}", done.reason);
    let fleet = control.snapshot().estate.fleet;
    let repeats = control.routines(&fleet).await.unwrap();
    assert!(repeats[0].by_itself && repeats[0].last.is_some(), "{repeats:?}");
    assert_eq!(repeats[0].stand.map(|it| it.is.name()), Some("later"));
    let filter = Filter { action: Some(Action::FailoverDrillPlan), ..Filter::default() };
    let found = audit::list(&town.db.store, &filter, None, 10).await.unwrap();
    assert_eq!((found.len(), drills().await.len()), (1, 1), "planned once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_that_repeats_waits_for_a_person_where_a_group_does_not_allow_it() {
    let town = Town::of(&repeating(false), &PLACES, INSTANCES).await;
    let server = town.settled().await;
    let control = &server.control;
    let fleet = control.snapshot().estate.fleet;
    let repeats = control.routines(&fleet).await.unwrap();
    let stand = repeats[0].stand.map(|it| it.is.name());
    assert_eq!((repeats[0].by_itself, stand), (false, Some("overdue")), "{repeats:?}");
    // One that a person planned is settled by the same look of the leader: it looked.
    let (lose, scope) = (set(&["osl1"]), Scope::All);
    let at = Utc::now() + TimeDelta::seconds(1);
    let own = control.plan_drill(&ann(), (&lose, &scope), at, REASON, "own").await.unwrap();
    let begun = drilled(&server, own.id, "it begins").await;
    let DrillState::Started { run: id, .. } = begun else { panic!("{begun:?}") };
    run(&server, id, "it is over", has_ended).await;
    let repeats = control.routines(&fleet).await.unwrap();
    assert_eq!(repeats[0].stand.map(|it| it.is.name()), Some("later"), "it was carried out");
    assert_eq!(control.drills().await.unwrap().len(), 1, "nothing was planned by itself");
}
