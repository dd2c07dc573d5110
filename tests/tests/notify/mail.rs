//! E-mail: what arrives at a mail server, in one conversation for each problem; who signs in; and
//! that nothing is said to a server without the encryption that was asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Town;
use super::smtp::MailServer;

fn to(server: &MailServer, more: Value) -> Value {
    let mut draft = json!({ "name": "operators", "way": "email", "host": "127.0.0.1",
        "port": server.port().to_string(), "security": "none", "from": "mainstay@example.org",
        "to": "ann@example.org, ben@example.org", "datacenters": "north" });
    draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    draft
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_whole_and_part_of_a_conversation() {
    let mut town = Town::new().await;
    let secret = STANDARD.encode("\0mainstay\0correct horse");
    let server = MailServer::start(Some(&secret)).await;
    let signed = json!({ "user": "mainstay", "secret": "correct horse" });
    let (id, none) = town.channel(to(&server, signed)).await;
    assert_eq!(none, None, "only webhooks have a secret of ours");
    town.until("the letter", async || (!server.letters().is_empty()).then_some(())).await;
    let letter = server.letters().remove(0);
    assert_eq!(letter.from, "mainstay@example.org");
    assert_eq!(letter.to, ["ann@example.org", "ben@example.org"]);
    let field = |name: &str| letter.field(name).unwrap_or_default();
    assert!(field("Subject").starts_with("Warning: "), "{}", letter.text);
    let message = field("Message-ID");
    assert!(message.starts_with("<nd-") && message.ends_with("@localhost>"), "{message}");
    let thread = field("In-Reply-To");
    assert!(thread.starts_with("<at-100") && thread.contains(&id), "{thread}");
    assert_eq!(field("References"), thread);
    assert_eq!(field("Auto-Submitted"), "auto-generated");
    assert!(field("Content-Type").starts_with("multipart/alternative"));
    assert!(letter.text.contains("http://localhost:4711/attention/at-100"), "{}", letter.text);
    let (json, audit) = (town.told(&id).await.to_string(), town.audit().await);
    for text in [&json, &audit, &town.world.server_log()] {
        assert!(!text.contains("correct horse") && !text.contains(&secret));
    }

    // The end is said in the same conversation.
    town.world.start_lab().unwrap();
    town.until("the end", async || (server.letters().len() >= 2).then_some(())).await;
    let end = server.letters().remove(1);
    assert!(end.field("Subject").unwrap().starts_with("Ended: "), "{}", end.text);
    assert_eq!(end.field("In-Reply-To"), Some(thread));
    assert_ne!(end.field("Message-ID"), Some(message));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_without_the_encryption_that_was_asked_for() {
    let town = Town::new().await;
    let server = MailServer::start(None).await;
    let fields = to(
        &server,
        json!({ "security": "start-tls", "user": "mainstay",
        "secret": "correct horse" }),
    );
    let (id, _) = town.channel(fields).await;
    let page = town.press(&id, "test").await;
    assert!(page.contains("The test did not arrive."), "{page}");
    let said = server.lines();
    let told = ["AUTH", "MAIL", "RCPT", "DATA"];
    assert!(said.iter().any(|line| line.starts_with("EHLO")), "{said:?}");
    assert!(!said.iter().any(|line| told.iter().any(|verb| line.starts_with(verb))), "{said:?}");
}
