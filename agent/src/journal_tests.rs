//! The journal over crashes, restarts and compaction, and lines of older agents.

use super::*;
use serde_json::json;
use std::fs;

fn token(seq: u64) -> Token {
    Token { timeline: 1, epoch: 1, seq }
}

fn command(seq: u64, action: deployment::Command) -> Command {
    let id = CommandId::new(&format!("c{seq}")).unwrap();
    Command { id, token: token(seq), action }
}

fn deploy(seq: u64, version: &str) -> Command {
    deploy_at(seq, version, Track::Blue)
}

fn deploy_at(seq: u64, version: &str, track: Track) -> Command {
    let spec = Spec {
        version: version.to_owned(),
        nodes: 2,
        command: vec![],
        health_path: "/".to_owned(),
    };
    let service = "feed".parse().unwrap();
    command(seq, deployment::Command::Deploy { service, track, spec })
}

fn replace(seq: u64) -> Command {
    let (service, instance) = ("feed".parse().unwrap(), "feed-fra1-1".parse().unwrap());
    command(seq, deployment::Command::Replace { service, instance })
}

fn done(command: &Command) -> CommandResult {
    CommandResult { command_id: command.id.clone(), token: command.token, outcome: Outcome::Done }
}

fn run(journal: &mut Journal, command: &Command) {
    journal.accept(command).unwrap();
    journal.finish(&done(command)).unwrap();
}

/// What can be seen of a journal.
fn seen(journal: &Journal) -> (Targets, BTreeMap<Subject, Token>, Vec<Command>) {
    let newest = journal.newest().clone();
    (journal.targets().clone(), newest, journal.in_progress())
}

#[test]
fn after_a_crash_in_any_write_the_journal_is_one_that_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::open(&path).unwrap();
    let mut states = vec![(0, seen(&journal))];
    let (service, track) = ("feed".parse().unwrap(), Track::Blue);
    let remove = deployment::Command::Remove { service, track };
    let green = deploy_at(3, "2", Track::Green);
    let commands = [deploy(1, "1"), replace(2), green, command(4, remove)];
    for command in &commands {
        journal.accept(command).unwrap();
        states.push((journal.length, seen(&journal)));
        journal.finish(&done(command)).unwrap();
        states.push((journal.length, seen(&journal)));
    }
    let whole = fs::read(&path).unwrap();
    // Every cut near the end of a line, and a sample of those inside: each one waits for the
    // disk.
    let near = |cut: usize| states.iter().any(|(end, _)| (*end as usize).abs_diff(cut) < 3);
    for cut in (0..=whole.len()).filter(|cut| cut % 29 == 0 || near(*cut)) {
        let torn = folder.path().join("torn.jsonl");
        fs::write(&torn, &whole[..cut]).unwrap();
        let mut journal = Journal::open(&torn).unwrap();
        let (length, state) = states.iter().rfind(|(length, _)| *length <= cut as u64).unwrap();
        assert_eq!(seen(&journal), *state, "cut at byte {cut}");
        assert_eq!(fs::metadata(&torn).unwrap().len(), *length);
        // It can be written on.
        run(&mut journal, &deploy(9, "3"));
        assert!(seen(&Journal::open(&torn).unwrap()) == seen(&journal));
    }
}

#[test]
fn a_torn_line_of_rubbish_is_cut_and_rubbish_in_the_middle_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    run(&mut Journal::open(&path).unwrap(), &deploy(1, "1"));
    let good = fs::read(&path).unwrap();
    for rubbish in [&b"\0\0\0\0"[..], b"\0\0\n", b"{\"kind\":\"acc"] {
        fs::write(&path, [&good[..], rubbish].concat()).unwrap();
        assert_eq!(Journal::open(&path).unwrap().targets().len(), 1);
        assert_eq!(fs::read(&path).unwrap(), good);
    }
    fs::write(&path, [b"\0\n", &good[..]].concat()).unwrap();
    let error = Journal::open(&path).unwrap_err().to_string();
    assert!(error.starts_with("line 1 of the command journal"), "{error}");
}

#[test]
fn lines_of_an_agent_that_knew_no_tracks_are_of_the_blue_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let spec = json!({"version": "1", "nodes": 2, "command": [], "health_path": "/"});
    let token = json!({"timeline": 1, "epoch": 1, "seq": 5});
    let target = json!({"spec": spec, "token": token, "afresh": {}});
    let deploy = json!({"kind": "deploy", "service": "feed", "spec": spec});
    let remove = json!({"kind": "remove", "service": "cart"});
    let accepted = |id: &str, action| json!({"id": id, "token": token, "action": action});
    let result = json!({"command_id": "c5", "token": token, "outcome": {"kind": "done"}});
    let old = [
        json!({"kind": "target", "service": "cart", "target": target}),
        json!({"kind": "newest", "service": "cart", "token": token}),
        json!({"kind": "accepted", "command": accepted("c5", deploy)}),
        json!({"kind": "finished", "result": result}),
        json!({"kind": "accepted", "command": accepted("c6", remove)}),
    ];
    let old: String = old.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&path, old).unwrap();
    let mut journal = Journal::open(&path).unwrap();
    let slot = |name: &str, track| (name.parse::<ServiceId>().unwrap(), track);
    let slots: Vec<_> = journal.targets().keys().cloned().collect();
    assert_eq!(slots, [slot("cart", Track::Blue), slot("feed", Track::Blue)]);
    let removal = journal.in_progress().remove(0);
    journal.finish(&done(&removal)).unwrap();
    run(&mut journal, &deploy_at(9, "2", Track::Green));
    journal.compact().unwrap();
    let read: Vec<_> = Journal::open(&path).unwrap().targets().keys().cloned().collect();
    assert_eq!(read, [slot("feed", Track::Blue), slot("feed", Track::Green)]);
}

#[test]
fn remembers_over_a_restart_what_was_accepted_and_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::open(&path).unwrap();
    run(&mut journal, &deploy(5, "1"));
    journal.accept(&replace(6)).unwrap();
    drop(journal);

    let journal = Journal::open(&path).unwrap();
    let newest = token(6);
    for (command, verdict) in [
        (deploy(5, "1"), Verdict::Repeat(Outcome::Done)),
        (replace(6), Verdict::Probe),
        (deploy(4, "0"), Verdict::Stale { newest }),
        (command(6, replace(6).action), Verdict::Probe),
        (deploy(7, "2"), Verdict::Act),
    ] {
        assert_eq!(journal.judge(&command), verdict, "{command:?}");
    }
    assert_eq!(journal.in_progress(), [replace(6)]);
}

#[test]
fn compaction_keeps_what_is_needed_and_bounds_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::open(&path).unwrap();
    run(&mut journal, &deploy(1, "1"));
    // Filled in memory and on disk without syncing each line, to be quick.
    let mut bytes = fs::read(&path).unwrap();
    for seq in 2..=COMPACT_AFTER_LINES as u64 {
        let command = replace(seq);
        let result = done(&command);
        bytes.extend(encode(&Line::Accepted { command }));
        bytes.extend(encode(&Line::Finished { result }));
    }
    fs::write(&path, bytes).unwrap();
    let mut journal = Journal::open(&path).unwrap();
    let last = COMPACT_AFTER_LINES as u64 + 1;
    run(&mut journal, &replace(last));
    let before = seen(&journal);
    assert!(journal.lines < RESULTS_KEPT + 10);
    run(&mut journal, &deploy(last + 1, "2"));

    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.newest().values().copied().max(), Some(token(last + 1)));
    let afresh = |targets: &Targets| targets.values().next().unwrap().afresh.clone();
    assert_eq!(afresh(journal.targets()), afresh(&before.0));
    assert_eq!(journal.tail().len(), limits::JOURNAL_TAIL_MAX);
    assert_eq!(journal.judge(&replace(last)), Verdict::Repeat(Outcome::Done));
}
