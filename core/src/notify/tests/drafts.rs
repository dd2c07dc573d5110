//! What is accepted of a form.

use super::{channel, fleet, webhook};
use crate::access::Mistake;
use crate::notify::address::Network;
use crate::notify::draft::Draft;
use crate::notify::{Channel, Security, Severity, Target};
use crate::problem::Kind;

fn hook(url: &str) -> Draft {
    Draft {
        name: "on call".into(),
        way: "webhook".into(),
        url: url.into(),
        least: "critical".into(),
        ..Draft::default()
    }
}

fn mail() -> Draft {
    Draft {
        name: "operators".into(),
        way: "email".into(),
        host: "mail.example.org".into(),
        port: "587".into(),
        security: "start-tls".into(),
        user: "mainstay".into(),
        from: "mainstay@example.org".into(),
        to: "ann@example.org, ben@example.org".into(),
        least: "warning".into(),
        secret: "a password".into(),
        ..Draft::default()
    }
}

fn allowed() -> Vec<Network> {
    vec!["10.0.0.0/8".parse().expect("a network")]
}

fn wrong(draft: &Draft, allowed: &[Network], now: Option<&Channel>) -> Vec<(String, Mistake)> {
    let mistakes = draft.read(&fleet(), allowed, now).err().unwrap_or_default();
    mistakes.into_iter().map(|it| (it.field, it.mistake)).collect()
}

#[track_caller]
fn check(draft: &Draft, field: &str, mistake: Mistake) {
    assert_eq!(wrong(draft, &[], None), [(field.to_owned(), mistake)]);
}

#[test]
fn what_is_good_is_read() {
    let draft = Draft {
        groups: "store, social".into(),
        datacenters: "fra1".into(),
        kinds: "service-down traffic-dropped".into(),
        repeat_minutes: "60".into(),
        ..hook("https://hooks.example.org/x")
    };
    let read = draft.read(&fleet(), &[], None).expect("good");
    assert_eq!(read.target, Target::Webhook { url: "https://hooks.example.org/x".into() });
    assert_eq!((read.hears.least, read.hears.groups.len()), (Severity::Critical, 2));
    assert!(read.hears.kinds.contains(&Kind::ServiceDown));
    assert_eq!((read.repeat_minutes, read.secret), (60, None));
    let read = mail().read(&fleet(), &[], None).expect("good");
    let Target::Email(to) = &read.target else { panic!("{read:?}") };
    assert_eq!((to.port, to.security, to.to.len()), (587, Security::StartTls, 2));
    assert_eq!(read.secret.as_deref(), Some("a password"));
    let base = Draft { way: "alertmanager".into(), ..hook("https://alerts.example.org/am/") };
    let read = base.read(&fleet(), &[], None).expect("good");
    assert_eq!(read.target, Target::Alertmanager { url: "https://alerts.example.org/am".into() });
}

#[test]
fn what_is_hostile_is_refused_at_its_field() {
    let good = || hook("https://hooks.example.org/x");
    check(&Draft { name: " ".into(), ..good() }, "name", Mistake::Missing);
    check(&Draft { name: "a\r\nBcc: x".into(), ..good() }, "name", Mistake::Form);
    check(&Draft { name: "x".repeat(81), ..good() }, "name", Mistake::TooLong { most: 80 });
    check(&Draft { way: "pigeon".into(), ..good() }, "way", Mistake::UnknownChoice);
    check(&hook(""), "url", Mistake::Missing);
    check(&hook("javascript:alert(1)"), "url", Mistake::WebAddress);
    check(&hook("https://user:pass@example.org"), "url", Mistake::WebAddress);
    check(&hook("http://hooks.example.org"), "url", Mistake::NotEncrypted);
    check(&hook("https://127.0.0.1/x"), "url", Mistake::NotPublic);
    check(&hook("https://[::1]/x"), "url", Mistake::NotPublic);
    check(&hook("http://169.254.169.254/latest"), "url", Mistake::NotPublic);
    check(&hook("http://8.8.8.8/"), "url", Mistake::NotEncrypted);
    check(&Draft { least: "all".into(), ..good() }, "least", Mistake::UnknownChoice);
    check(&Draft { groups: "nothing".into(), ..good() }, "groups", Mistake::NotThere);
    check(&Draft { datacenters: "../x".into(), ..good() }, "datacenters", Mistake::NotThere);
    check(&Draft { kinds: "anything".into(), ..good() }, "kinds", Mistake::UnknownChoice);
    let range = Mistake::Range { least: 0, most: 10_080 };
    check(&Draft { repeat_minutes: "-1".into(), ..good() }, "repeat_minutes", range.clone());
    check(&Draft { repeat_minutes: "99999".into(), ..good() }, "repeat_minutes", range);
}

#[test]
fn nothing_in_mail_ends_a_line() {
    for bad in [
        "ann@example.org\r\nBcc: eve@example.org",
        "Ann <ann@example.org>",
        "ann",
        "@example.org",
        "ann@",
        "ann@exam_ple.org",
        "a..b@example.org",
        "ann@example.org.",
        "\"a b\"@example.org",
        "änn@example.org",
    ] {
        check(&Draft { from: bad.into(), ..mail() }, "from", Mistake::Mailbox);
    }
    let to = |text: &str| Draft { to: text.into(), ..mail() };
    check(&to(""), "to", Mistake::Missing);
    check(&to(&vec!["a@example.org"; 21].join(",")), "to", Mistake::TooLong { most: 20 });
    let bad = to("ann@example.org\r\nBcc: eve@example.org");
    assert!(wrong(&bad, &[], None).iter().all(|(field, _)| field == "to"));
    check(&Draft { host: "mail example".into(), ..mail() }, "host", Mistake::Form);
    check(&Draft { host: "10.0.0.1".into(), ..mail() }, "host", Mistake::NotPublic);
    let ports = Mistake::Range { least: 1, most: 65_535 };
    check(&Draft { port: "0".into(), ..mail() }, "port", ports.clone());
    check(&Draft { port: "smtp".into(), ..mail() }, "port", ports);
    let clear = Draft { security: "none".into(), ..mail() };
    check(&clear, "security", Mistake::NotEncrypted);
    assert_eq!(wrong(&clear, &allowed(), None), []);
    check(&Draft { user: "a\nb".into(), ..mail() }, "user", Mistake::Form);
    check(&Draft { secret: "a\nb".into(), ..mail() }, "secret", Mistake::Form);
}

#[test]
fn a_secret_is_not_taken_to_another_server() {
    let target = mail().read(&fleet(), &[], None).expect("good").target;
    let known = Channel { has_secret: true, ..channel(4, target) };
    let kept = Draft { secret: String::new(), ..mail() };
    assert_eq!(wrong(&kept, &[], Some(&known)), []);
    let again = [("secret".to_owned(), Mistake::SecretAgain)];
    let elsewhere = Draft { host: "mail.evil.example".into(), ..kept.clone() };
    assert_eq!(wrong(&elsewhere, &[], Some(&known)), again);
    let port = Draft { port: "588".into(), ..kept.clone() };
    assert_eq!(wrong(&port, &[], Some(&known)), again);
    let clear = Draft { security: "none".into(), ..kept.clone() };
    assert_eq!(wrong(&clear, &allowed(), Some(&known)), again);
    let other = Draft { user: "eve".into(), ..kept };
    assert_eq!(wrong(&other, &[], Some(&known)), again);
    let written = Draft { secret: "another".into(), ..elsewhere };
    assert_eq!(wrong(&written, &[], Some(&known)), []);
    // What it is stays, whatever is typed; a webhook's secret is never shown to a server.
    let hook = Channel { has_secret: true, ..webhook() };
    let moved = Draft { way: "email".into(), ..super::drafts::hook("https://other.example/") };
    let read = moved.read(&fleet(), &[], Some(&hook)).expect("good");
    assert_eq!(read.target, Target::Webhook { url: "https://other.example/".into() });
}

#[test]
fn a_form_shows_a_channel_as_it_stands() {
    let target = mail().read(&fleet(), &[], None).expect("good").target;
    let known = channel(4, target.clone());
    let read = Draft::of(&known).read(&fleet(), &[], Some(&known)).expect("good");
    assert_eq!((read.target, read.hears), (target, known.hears));
}
