//! The plan against a model of a data centre: actions are carried out at once, time is a number.

use super::*;
use mainstay_core::deployment::Spec;
use mainstay_core::estate::Cause;
use mainstay_core::fence::Token;
use mainstay_core::id::ServiceId;

/// A data centre in which a step takes a second and a version may be broken.
#[derive(Default)]
struct Model {
    targets: Targets,
    nodes: BTreeMap<InstanceId, Node>,
    now: Duration,
    broken: &'static str,
    /// Everything that was done, in words.
    done: Vec<String>,
}

fn dc() -> DatacenterId {
    "fra1".parse().unwrap()
}

fn place(track: Track) -> Slot {
    ("feed".parse().unwrap(), track)
}

fn feed(n: u16) -> InstanceId {
    slot(&place(Track::Blue), &dc(), n).unwrap()
}

impl Model {
    fn deploy(&mut self, version: &str, nodes: u16) {
        self.deploy_at(Track::Blue, version, nodes);
    }

    fn deploy_at(&mut self, track: Track, version: &str, nodes: u16) {
        let spec = Spec {
            version: version.to_owned(),
            nodes,
            command: vec![],
            health_path: "/".to_owned(),
        };
        let slot = place(track);
        let afresh = self.targets.remove(&slot).map(|t| t.afresh).unwrap_or_default();
        let token = Token::default();
        self.targets.insert(slot, Target { spec, token, afresh });
    }

    fn replace(&mut self, n: u16) {
        for target in self.targets.values_mut() {
            *target.afresh.entry(feed(n)).or_default() += 1;
        }
    }

    fn kill(&mut self, n: u16) {
        let now = self.now;
        self.nodes.get_mut(&feed(n)).unwrap().died(Cause::Killed { signal: 9 }, now);
    }

    /// One second: the plan is carried out, what was asked to stop stops, what runs is checked.
    fn step(&mut self) {
        loop {
            let plan = plan(&self.targets, &self.nodes, &dc(), self.now);
            if plan.actions.is_empty() {
                break;
            }
            for action in plan.actions {
                self.act(action);
            }
        }
        self.now += Duration::from_secs(1);
        let now = self.now;
        for node in self.nodes.values_mut() {
            if matches!(node.phase, Phase::Draining { .. }) {
                node.died(Cause::Exited { code: 0 }, now);
            }
            let broken = node.spec.version == self.broken;
            let health = if broken { Err(Cause::HealthStatus { code: 500 }) } else { Ok(()) };
            node.checked(health, now);
        }
    }

    fn act(&mut self, action: Action) {
        let now = self.now;
        let (word, id) = match action {
            Action::Start { id, place, spec, afresh } => {
                let word = format!("start {} as {}", short(&id), spec.version);
                let node = Node::started(place, spec, afresh, now);
                self.nodes.insert(id, node);
                self.done.push(word);
                return;
            }
            Action::Restart { id } => {
                let node = self.nodes.remove(&id).unwrap().restarted(now);
                self.nodes.insert(id.clone(), node);
                ("restart", id)
            }
            Action::Drain { id, purpose } => {
                let kill_at = Some(now + Duration::from_secs(10));
                self.nodes.get_mut(&id).unwrap().phase = Phase::Draining { purpose, kill_at };
                ("drain", id)
            }
            Action::Kill { id } => {
                let purpose = Purpose::Remove;
                let phase = Phase::Draining { purpose, kill_at: None };
                self.nodes.get_mut(&id).unwrap().phase = phase;
                ("kill", id)
            }
            Action::Forget { id } => {
                self.nodes.remove(&id);
                ("forget", id)
            }
        };
        self.done.push(format!("{word} {}", short(&id)));
    }

    /// Lets time pass and compares what was done meanwhile.
    #[track_caller]
    fn expect(&mut self, steps: usize, done: &[&str]) {
        self.done.clear();
        for _ in 0..steps {
            self.step();
        }
        assert_eq!(self.done, done);
    }
}

fn short(id: &InstanceId) -> String {
    id.as_str().trim_start_matches("feed-fra1-").to_owned()
}

fn running(version: &str, nodes: u16) -> Model {
    let mut model = Model::default();
    model.deploy(version, nodes);
    for _ in 0..5 {
        model.step();
    }
    model
}

#[test]
fn a_new_service_starts_at_once_and_then_nothing_happens() {
    let mut model = Model::default();
    model.deploy("1", 3);
    model.expect(9, &["start 1 as 1", "start 2 as 1", "start 3 as 1"]);
}

#[test]
fn an_update_goes_one_node_at_a_time() {
    let mut model = running("1", 2);
    model.deploy("2", 2);
    model.expect(2, &["drain 1", "start 1 as 2"]);
    model.expect(9, &["drain 2", "start 2 as 2"]);
}

#[test]
fn a_broken_version_stops_at_its_first_node_and_is_rolled_back() {
    let mut model = running("1", 3);
    model.broken = "2";
    model.deploy("2", 3);
    model.expect(60, &["drain 1", "start 1 as 2"]);
    model.kill(2);
    // What dies meanwhile comes back as it was.
    model.expect(3, &["restart 2"]);
    model.deploy("1", 3);
    model.expect(9, &["drain 1", "start 1 as 1"]);
}

#[test]
fn an_update_begins_with_what_does_not_serve() {
    let mut model = running("1", 3);
    model.kill(3);
    model.deploy("2", 3);
    model.expect(1, &["start 3 as 2"]);
    model.expect(20, &["drain 1", "start 1 as 2", "drain 2", "start 2 as 2"]);
}

#[test]
fn scaling_and_removing() {
    let mut model = running("1", 2);
    model.deploy("1", 4);
    model.expect(5, &["start 3 as 1", "start 4 as 1"]);
    model.deploy("1", 1);
    model.expect(5, &["drain 2", "drain 3", "drain 4", "forget 2", "forget 3", "forget 4"]);
    model.targets.clear();
    model.expect(5, &["drain 1", "forget 1"]);
    assert!(model.nodes.is_empty());
}

#[test]
fn two_tracks_of_a_service_do_not_wait_for_each_other() {
    let mut model = running("1", 2);
    model.deploy_at(Track::Green, "2", 2);
    model.expect(5, &["start g1 as 2", "start g2 as 2"]);
    // A version that does not come up holds up its own track alone.
    model.broken = "3";
    model.deploy_at(Track::Green, "3", 2);
    model.expect(9, &["drain g1", "start g1 as 3"]);
    model.deploy("1.1", 2);
    model.expect(9, &["drain 1", "start 1 as 1.1", "drain 2", "start 2 as 1.1"]);
    model.targets.remove(&place(Track::Green));
    model.expect(5, &["drain g1", "drain g2", "forget g1", "forget g2"]);
    model.targets.remove(&place(Track::Blue));
    model.expect(5, &["drain 1", "drain 2", "forget 1", "forget 2"]);
}

#[test]
fn a_replaced_node_gets_one_new_process_even_in_a_stuck_update() {
    let mut model = running("1", 2);
    model.replace(2);
    model.expect(9, &["drain 2", "start 2 as 1"]);
    model.broken = "2";
    model.deploy("2", 2);
    model.expect(9, &["drain 1", "start 1 as 2"]);
    model.replace(2);
    model.expect(9, &["drain 2", "start 2 as 1"]);
}

#[test]
fn deaths_are_answered_after_their_pause_and_looked_forward_to() {
    let mut model = running("1", 1);
    model.kill(1);
    let look = |model: &Model| plan(&model.targets, &model.nodes, &dc(), model.now);
    let due = model.now + Duration::from_millis(200);
    assert_eq!(look(&model), Plan { actions: vec![], next: Some(due) });
    model.now = due;
    assert_eq!(look(&model).actions, [Action::Restart { id: feed(1) }]);
}

#[test]
fn one_that_does_not_stop_is_killed_once() {
    let mut model = running("1", 1);
    model.targets.clear();
    let kill_at = Some(model.now + Duration::from_secs(10));
    let purpose = Purpose::Remove;
    let node = model.nodes.get_mut(&feed(1)).unwrap();
    node.phase = Phase::Draining { purpose, kill_at };
    let look = |model: &Model| plan(&model.targets, &model.nodes, &dc(), model.now);
    assert_eq!(look(&model), Plan { actions: vec![], next: kill_at });
    model.now += Duration::from_secs(10);
    assert_eq!(look(&model).actions, [Action::Kill { id: feed(1) }]);
    model.act(Action::Kill { id: feed(1) });
    assert_eq!(look(&model), Plan::default());
}

#[test]
fn a_name_that_is_too_long_is_left_alone() {
    let mut model = Model::default();
    model.deploy("1", 2);
    let target = model.targets.values().next().unwrap().clone();
    let long: ServiceId = "x".repeat(63).parse().unwrap();
    model.targets = [((long, Track::Blue), target)].into();
    model.expect(3, &[]);
}
