//! Peers that mean harm or are broken: agents that speak nonsense, tokens and certificates that
//! are worth nothing, requests made to hurt. All are refused with a clear answer and a line in
//! the log, the server goes on, and what was known before stays known.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mainstay_tests::agent::{self, Papers};
use mainstay_tests::{Program, Setup, Visitor, World, until};
use mainstay_wire::proto::{self, from_agent};
use mainstay_wire::{agent_name, limits};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::{Code, Status};

const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a server waits for a request's head or body.
const SLOW_MAX: Duration = Duration::from_secs(45);

async fn world() -> World {
    World::start_with(Setup { fleet: "pair.toml", ..Setup::default() }).await.unwrap()
}

fn token(world: &World, datacenter: &str) -> String {
    let tokens = fs::read_to_string(world.tokens_file()).unwrap();
    let tokens: Value = serde_json::from_str(&tokens).unwrap();
    tokens[datacenter].as_str().unwrap().to_owned()
}

async fn link(world: &World, papers: &Papers, datacenter: &str) -> agent::RawLink {
    let channel = agent::channel(world, Some(papers)).await.unwrap();
    agent::open(channel, agent::hello(datacenter)).await.unwrap()
}

/// The server answers, and nothing in it broke.
async fn unharmed(world: &mut World) {
    world.server().unwrap().check().unwrap();
    let visitor = world.visitor().unwrap();
    assert_eq!(visitor.get("/health/ready").await.unwrap().status(), StatusCode::OK);
    let log = world.server_log();
    for word in ["panicked", "\"level\":\"ERROR\""] {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "the log tells of something broken");
    }
}

/// Messages that no agent of ours sends, each with a word of the answer.
fn malformed() -> Vec<(proto::FromAgent, Code, &'static str)> {
    let report = |change: &dyn Fn(&mut proto::Report)| {
        let mut report = proto::Report { seq: 2, ..proto::Report::default() };
        change(&mut report);
        agent::message(from_agent::Body::Report(report))
    };
    let with = |change: &dyn Fn(&mut proto::Instance)| {
        let mut instance = agent::instance("shop-south-1", "shop");
        change(&mut instance);
        report(&|report| report.instances = vec![instance.clone()])
    };
    let twice = vec![agent::instance("a-1", "shop"), agent::instance("a-1", "shop")];
    let many = vec![agent::instance("a", "b"); limits::INSTANCES_MAX + 1];
    let bad = Code::InvalidArgument;
    vec![
        (proto::FromAgent { body: None }, bad, "body"),
        (report(&|report| report.seq = 0), bad, "report.seq"),
        (report(&|report| report.instances = twice.clone()), bad, "named twice"),
        (report(&|report| report.instances = many.clone()), bad, "at most"),
        (report(&|report| report.gone_instances = vec!["../x".to_owned()]), bad, "gone_instances"),
        (with(&|instance| instance.id = "a b".to_owned()), bad, "instances[0].id"),
        (with(&|instance| instance.id = String::new()), bad, "instances[0].id"),
        (with(&|instance| instance.service = "<script>".to_owned()), bad, "service"),
        (with(&|instance| instance.version = "v".repeat(4_096)), bad, "version"),
        (with(&|instance| instance.version = "1\n2".to_owned()), bad, "version"),
        (with(&|instance| instance.state = 77), bad, "state"),
        (with(&|instance| instance.since_ms = i64::MIN), bad, "since"),
        (with(&|instance| instance.endpoint = Some("\u{0}".to_owned())), bad, "endpoint"),
        (agent::hello("south"), Code::FailedPrecondition, "second hello"),
        (
            agent::message(from_agent::Body::Result(proto::CommandResult {
                command_id: "x".repeat(1_000),
                ..proto::CommandResult::default()
            })),
            bad,
            "result",
        ),
        // Twice the most that is read at all.
        (
            with(&|instance| instance.handle = Some("h".repeat(2 * limits::MESSAGE_MAX_BYTES))),
            Code::OutOfRange,
            "too large",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_messages_end_the_link_and_change_nothing() {
    let mut world = world().await;
    let visitor = world.sign_in("viewer").await.unwrap();
    let papers = agent::join(&world, &token(&world, "south"), "south").await.unwrap();
    let known = agent::instance("shop-south-1", "shop");
    for (message, code, word) in malformed() {
        let mut link = link(&world, &papers, "south").await;
        link.send(agent::report(1, vec![known.clone()])).await;
        link.acknowledged(1).await.unwrap();
        link.send(message).await;
        let end = link.end().await;
        assert_eq!(end.code(), code, "{word}: {end:?}");
        assert!(end.message().contains(word), "{word}: {end:?}");
        let shown = visitor.instances("south").await.unwrap();
        assert_eq!(shown.len(), 1, "{word}: {shown:?}");
    }
    // The first message of a link is as little trusted.
    for (first, code) in [
        (proto::FromAgent { body: None }, Code::InvalidArgument),
        (agent::report(1, Vec::new()), Code::FailedPrecondition),
        (agent::hello("north"), Code::PermissionDenied),
        (agent::hello("no such place"), Code::InvalidArgument),
    ] {
        let channel = agent::channel(&world, Some(&papers)).await.unwrap();
        let refused = agent::open(channel, first).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
    }
    assert!(visitor.instances("north").await.unwrap().is_empty());
    let log = world.server_log();
    for word in ["named twice", "a second hello", "another data centre", "the first message"] {
        assert!(log.contains(word), "the log does not tell of: {word}");
    }
    unharmed(&mut world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_link_supersedes_and_what_a_link_told_last_is_kept() {
    let mut world = world().await;
    let visitor = world.sign_in("viewer").await.unwrap();
    let papers = agent::join(&world, &token(&world, "south"), "south").await.unwrap();
    let mut second = loop {
        let first = link(&world, &papers, "south").await;
        let second = link(&world, &papers, "south").await;
        let end = first.end().await;
        // On a busy machine a link may be given up as silent before the next one is there.
        if end.code() != Code::DeadlineExceeded {
            assert_eq!(end.code(), Code::Aborted, "{end:?}");
            break second;
        }
    };
    second.send(agent::report(1, vec![agent::instance("shop-south-1", "shop")])).await;
    second.acknowledged(1).await.unwrap();

    let pool = PgPool::connect(world.database_url()).await.unwrap();
    for round in 2..6 {
        let id = format!("shop-south-{round}");
        let mut short = link(&world, &papers, "south").await;
        short.send(agent::report(1, vec![agent::instance(&id, "shop")])).await;
        short.acknowledged(1).await.unwrap();
        drop(short);
        until("what was told is in the store", PATIENCE, async || {
            let sql = "SELECT id FROM observed_instance WHERE body IS NOT NULL AND EXISTS \
                       (SELECT FROM observed_datacenter WHERE NOT connected)";
            let ids: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.ok()?;
            // At no moment does the console fall back to what was told before.
            let shown = visitor.instances("south").await.unwrap();
            assert_eq!(shown.iter().map(|s| &s.id).collect::<Vec<_>>(), [&id]);
            (ids == [id.clone()]).then_some(())
        })
        .await
        .unwrap();
    }
    unharmed(&mut world).await;
}

async fn refused(world: &World, token: &str, datacenter: &str) -> Status {
    agent::join(world, token, datacenter).await.expect_err("this token lets nobody in")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_token_lets_one_agent_in_once() {
    let mut world = world().await;
    let pool = PgPool::connect(world.database_url()).await.unwrap();
    let good = token(&world, "south");
    let north = token(&world, "north");
    let mut parts = good.split('.');
    let (prefix, secret) = (parts.next().unwrap(), parts.next().unwrap());
    let authority = parts.next().unwrap();
    let unknown = format!("{prefix}.{}.{authority}", secret.chars().rev().collect::<String>());
    let denied = Code::PermissionDenied;
    for (token, datacenter, code) in [
        (unknown.as_str(), "south", denied),
        (good.as_str(), "north", denied),
        (good.as_str(), "nowhere", denied),
        ("", "south", Code::InvalidArgument),
        ("mst1.x.y", "south", Code::InvalidArgument),
        (good.as_str(), "no id", Code::InvalidArgument),
    ] {
        let status = refused(&world, token, datacenter).await;
        assert_eq!(status.code(), code, "{datacenter}: {status:?}");
        assert!(!status.message().contains(secret), "{status:?}");
    }
    // Not one of those tries used it up; of many at once, one gets it.
    let racers: Vec<_> = (0..6).map(|_| agent::join(&world, &good, "south")).collect();
    let results = futures::future::join_all(racers).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM agent_certificates WHERE datacenter = 'south'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(count, 1);
    assert_eq!(refused(&world, &good, "south").await.code(), denied, "it is used");
    sqlx::query("UPDATE join_tokens SET expires_at = now() WHERE datacenter = 'north'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(refused(&world, &north, "north").await.code(), denied, "it has expired");
    let entries: Vec<(String, i64)> = sqlx::query_as(
        "SELECT outcome, count(*) FROM audit_entry WHERE action = 'agent-join' \
         GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    // Three unfit ones, five who lost the race, the used one and the expired one.
    assert_eq!(entries, [("done".to_owned(), 1), ("refused".to_owned(), 10)]);
    assert!(world.server_log().contains("join refused"));
    assert!(!world.server_log().contains(secret), "a secret stands in the log");
    unharmed(&mut world).await;
}

/// Papers for a data centre from an authority of one's own.
fn forged(datacenter: &str) -> Papers {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(params, KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    let name = agent_name(&datacenter.parse().unwrap());
    let certificate = CertificateParams::new(vec![name]).unwrap().signed_by(&key, &issuer).unwrap();
    Papers { key_pem: key.serialize_pem(), certificate_pem: certificate.pem() }
}

async fn turned_away(world: &World, papers: Option<&Papers>) -> String {
    match agent::channel(world, papers).await {
        Err(error) => format!("{error:#}"),
        Ok(channel) => match agent::open(channel, agent::hello("south")).await {
            Err(status) => format!("{:?}: {}", status.code(), status.message()),
            Ok(_) => panic!("somebody was let in"),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_link_without_a_certificate_that_is_trusted_now() {
    let mut world = world().await;
    let admin = world.sign_in("admin").await.unwrap();
    let program = Program::of(&admin, "admin").await.unwrap();
    let said = turned_away(&world, None).await;
    assert!(said.contains("Unauthenticated") && said.contains("join first"), "{said}");
    turned_away(&world, Some(&forged("south"))).await;
    // An agent's certificate opens nothing for another one's name.
    let papers = agent::join(&world, &token(&world, "north"), "north").await.unwrap();
    let said = turned_away(&world, Some(&papers)).await;
    assert!(said.contains("PermissionDenied"), "{said}");
    // Neither a plain nor a broken connection does harm.
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0xff; 64]]
    {
        let mut stream = TcpStream::connect(world.agents_address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
    }

    let mut open = link(&world, &papers, "north").await;
    open.send(agent::report(1, vec![agent::instance("shop-north-1", "shop")])).await;
    open.acknowledged(1).await.unwrap();
    let pool = PgPool::connect(world.database_url()).await.unwrap();
    let sql = "SELECT fingerprint FROM agent_certificates WHERE datacenter = 'north'";
    let fingerprint: String = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    let path = format!("/api/v1/agents/{fingerprint}/do/revoke");
    assert_eq!(program.post(&path, &json!({})).await.unwrap().status(), StatusCode::OK);
    let channel = agent::channel(&world, Some(&papers)).await.unwrap();
    let status = agent::open(channel, agent::hello("north")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    // The link that was open ends too, though its agent goes on reporting.
    let sequence = AtomicU32::new(2);
    let ended = until("the open link of a revoked certificate ends", PATIENCE, async || {
        let seq = u64::from(sequence.fetch_add(1, Ordering::Relaxed));
        let open = open.send(agent::report(seq, Vec::new())).await;
        (!open).then_some(())
    });
    ended.await.unwrap();
    assert!(world.server_log().contains("unknown or revoked certificate"));
    unharmed(&mut world).await;
}

/// Sends bytes and reads what comes back until the server closes, at most for `patience`.
async fn raw(world: &World, bytes: &[u8], patience: Duration) -> String {
    let stream = TcpStream::connect(world.console_address()).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let (mut answer, bytes) = (Vec::new(), bytes.to_vec());
    // A server that refuses early may close before it has read everything.
    let sending = tokio::spawn(async move {
        let _ = to.write_all(&bytes).await;
        to
    });
    let mut buffer = [0; 4_096];
    let read = async {
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..count]);
        }
    };
    let _ = timeout(patience, read).await;
    sending.abort();
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_requests_are_refused_and_files_stay_where_they_are() {
    let mut world = world().await;
    let short = Duration::from_secs(3);
    let end = "Host: a\r\nConnection: close\r\n\r\n";
    let post = |path: &str, head: &str, body: &str| {
        let site = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded";
        format!("POST {path} HTTP/1.1\r\n{site}\r\n{head}\r\n{end}{body}")
    };
    let long = "x".repeat(1 << 20);
    let chunk = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    for (request, expected) in [
        (post("/sign-in", "Content-Length: 99999999", ""), &[413][..]),
        (post("/sign-in", "Content-Length: 70000", &long[..70_000]), &[413]),
        (post("/sign-in", "Transfer-Encoding: chunked", &chunk), &[413]),
        (post("/sign-in", "Content-Length: -1", ""), &[400]),
        (post("/sign-in", "Content-Length: 3\r\nContent-Length: 9", "abc"), &[400]),
        (format!("GET /{long} HTTP/1.1\r\n{end}"), &[400, 414, 431]),
        (format!("GET / HTTP/1.1\r\nX: {long}\r\n{end}"), &[400, 431]),
        (format!("GET / HTTP/1.1\r\n{}{end}", "X: y\r\n".repeat(500)), &[400, 431]),
        (format!("GET / HTTP/9.9\r\n{end}"), &[400, 505]),
        (format!("G\u{0}T / HTTP/1.1\r\n{end}"), &[400]),
        (format!("GET /sign-in\u{1} HTTP/1.1\r\n{end}"), &[400]),
        (format!("TRACE /sign-in HTTP/1.1\r\n{end}"), &[405]),
        ("\u{16}\u{3}\u{1} is no request\r\n\r\n".to_owned(), &[400]),
    ] {
        let answer = raw(&world, request.as_bytes(), short).await;
        let start: String = request.chars().take(60).collect();
        assert!(expected.contains(&status(&answer)), "{start:?} is answered {answer:.200?}");
    }
    let wrong = format!("GET /api/v1/me HTTP/1.1\r\nAuthorization: Bearer mat_wrong\r\n{end}");
    assert_eq!(status(&raw(&world, wrong.as_bytes(), short).await), 401);
    // Who was not let in is in the log, and what they sent is not.
    let log = world.server_log();
    let told = |status: &str| log.lines().any(|l| l.contains("refused") && l.contains(status));
    for status in ["401", "413"] {
        assert!(told(status), "{status} is not in the log");
    }
    assert!(!log.contains("mat_wrong"), "the log keeps what was sent");
    for path in [
        "/assets/../assets.json",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/..\\..\\Cargo.toml",
        "/assets/%00",
        "/assets/.",
        "/assets/",
        "http://elsewhere.example/assets/../../etc/passwd",
    ] {
        let answer = raw(&world, format!("GET {path} HTTP/1.1\r\n{end}").as_bytes(), short).await;
        assert!((400..500).contains(&status(&answer)), "{path} is answered {answer:.200?}");
        assert!(!answer.contains("root:") && !answer.contains("[workspace]"), "{path}: {answer}");
    }
    unharmed(&mut world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_peers_are_let_go_and_keep_nobody_waiting() {
    let mut world = world().await;
    let visitor = world.sign_in("viewer").await.unwrap();
    let head = &b"GET / HTTP/1.1\r\nHost: a\r\nX: "[..];
    let body =
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\nContent-Type: \
                 application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\nname=";
    let (slow, started) = (&world, Instant::now());
    let peers = (0..60).map(|number| {
        let bytes = if number % 2 == 0 { head } else { &body[..] };
        raw(slow, bytes, SLOW_MAX)
    });
    let reader = async {
        for path in ["/", "/topology", "/dc/north"].iter().cycle().take(60) {
            let asked = Instant::now();
            visitor.page(path).await.unwrap();
            assert!(asked.elapsed() < Duration::from_secs(5), "{path} waits for slow peers");
        }
    };
    let (answers, ()) = futures::future::join(futures::future::join_all(peers), reader).await;
    // The last one was closed by the server, not given up here.
    assert!(started.elapsed() < SLOW_MAX, "a slow peer is kept for ever");
    for answer in answers {
        assert!(matches!(status(&answer), 0 | 408), "{answer:.200?}");
    }
    unharmed(&mut world).await;
}

async fn check(visitor: &Visitor, program: &Program, source: &str, what: &str) {
    let asked = Instant::now();
    let body = json!({ "source": source, "reason": "a file that means harm" });
    let response = program.post("/api/v1/fleet/apply", &body).await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_client_error(), "{what} is answered {status}: {text:.300}");
    assert!(text.len() < 200_000, "{what} is answered at length: {}", text.len());
    assert!(asked.elapsed() < Duration::from_secs(10), "{what} took {:?}", asked.elapsed());
    assert_eq!(visitor.json("/api/v1/fleet").await.unwrap()["revision"], 1, "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_fleet_files_are_refused_and_the_fleet_stands() {
    let mut world = world().await;
    let admin = world.sign_in("admin").await.unwrap();
    let program = Program::of(&admin, "admin").await.unwrap();
    let good = fs::read_to_string(world.fleet()).unwrap();
    let deep = format!("name = {}", "[".repeat(500_000));
    let tables = format!("[{}]", "a.".repeat(100_000) + "a");
    let many: String = (0..20_000).map(|n| format!("[[service]]\nid = \"s{n}\"\n")).collect();
    for (what, source) in [
        ("nothing", String::new()),
        ("nesting", deep),
        ("nested tables", tables),
        ("zero bytes", "\u{0}".repeat(1_000)),
        ("twenty thousand broken services", many),
        ("a long name", format!("name = \"{}\"", "n".repeat(900_000))),
        ("more than 1 MiB", format!("{good}#{}", "x".repeat(1 << 20))),
        ("a cut file", good[..good.len() / 2].to_owned()),
        ("markup", good.replace("name = \"North\"", "name = \"</script><script>alert(1)\u{7}\"")),
        ("too many nodes", good.replace("nodes = 2", "nodes = 99999999999999999999")),
        ("a name twice", format!("{good}\n{good}")),
    ] {
        check(&admin, &program, &source, what).await;
    }
    // Bodies that are no JSON of ours, or too much of it.
    let client = admin.client();
    for (body, expected) in [
        ("{".to_owned(), StatusCode::BAD_REQUEST),
        ("[".repeat(100_000), StatusCode::BAD_REQUEST),
        ("{\"source\": 7}".to_owned(), StatusCode::BAD_REQUEST),
        ("{\"source\": \"\", \"sudo\": true}".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        let request =
            client.post(admin.address("/api/v1/fleet/apply")).bearer_auth(program.token());
        let request = request.header("content-type", "application/json").body(body);
        assert_eq!(request.send().await.unwrap().status(), expected);
    }
    let head = format!(
        "POST /api/v1/fleet/apply HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: \
         Bearer {}\r\nContent-Length: 50000000\r\n\r\n",
        program.token()
    );
    let answer = raw(&world, head.as_bytes(), Duration::from_secs(5)).await;
    assert_eq!(status(&answer), 413, "{answer}");
    unharmed(&mut world).await;
}
