//! What a file of databases must say, and what is told where it does not.

use super::*;

const GOOD: &str = r#"
[[database]]
id = "orders"
data_dir = "/data/orders"

[[repository]]
datacenter = "fra1"
path = "/backup/fra1"

[[repository]]
datacenter = "ams1"
type = "s3"
s3-bucket = "b"
s3-verify-tls = false

[[repository]]
datacenter = "nyc1"
path = "/backup/nyc1"
"#;

#[test]
fn a_short_file_is_enough() {
    let settings = Settings::parse(GOOD).unwrap();
    let orders = &settings.databases["orders"];
    assert_eq!((orders.stanza.as_str(), orders.user.as_str()), ("orders", "postgres"));
    assert_eq!(orders.hosted().unwrap().port, 5432);
    let homes: Vec<_> = orders.wal.iter().map(ToString::to_string).collect();
    assert_eq!(homes, ["fra1", "ams1"], "the first two repositories get the log");
    assert_eq!(settings.repositories[1].options["s3-verify-tls"], "n");
    assert_eq!(settings.pgbackrest.program, "pgbackrest");
}

#[test]
fn a_database_may_run_elsewhere() {
    let settings = Settings::parse(&GOOD.replace("data_dir = \"/data/orders\"", "hosts = false"));
    let orders = &settings.unwrap().databases["orders"];
    assert_eq!(orders.home, Home::Elsewhere { account: None });
    let failure = orders.hosted().unwrap_err();
    assert_eq!(failure.to_string(), "orders does not run in this data centre");
}

#[track_caller]
fn expect(text: &str, findings: &[(usize, &str)]) {
    let error = Settings::parse(text).unwrap_err();
    let seen: Vec<_> = error.findings.iter().map(|f| (f.line, f.sentence.as_str())).collect();
    assert_eq!(seen.len(), findings.len(), "{seen:?}");
    for ((line, sentence), (expected_line, part)) in seen.iter().zip(findings) {
        assert_eq!(line, expected_line, "{sentence}");
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn mistakes_are_told_with_their_line_and_what_to_do() {
    let changed = |from: &str, to: &str| GOOD.replacen(from, to, 1);
    expect("", &[(1, "0 repositories: name 1"), (1, "0 databases: name 1")]);
    expect("what", &[(1, "")]);
    expect(&changed("data_dir", "data_folder"), &[(4, "data_folder")]);
    expect(&changed("\"/data/orders\"", "\"orders\""), &[(4, "absolute path")]);
    expect(&changed("\"/data/orders\"", "\"/it's\""), &[(4, "without quotes")]);
    expect(&changed("id = \"orders\"", "id = \"Orders\""), &[(3, "a-z"), (1, "databases")][..1]);
    expect(&changed("path = \"/backup/fra1\"", "path = \"x\""), &[(7, "needs an absolute path")]);
    expect(&changed("\"nyc1\"", "\"fra1\""), &[(17, "a second repository of fra1")]);
    expect(&changed("s3-bucket = \"b\"", "retention-full = 3"), &[(11, "the policy says")]);
    expect(&changed("s3-bucket = \"b\"", "S3 = 3.5"), &[(11, "give one line")]);
    let wal = changed("id = \"orders\"", "id = \"orders\"\nwal = [\"fra1\", \"lon1\"]");
    expect(&wal, &[(4, "no [[repository]] has datacenter = \"lon1\"")]);
    let stop = changed("id = \"orders\"", "id = \"orders\"\nstop = [\"true\"]");
    expect(&stop, &[(3, "stop and start belong together")]);
    let stanza = changed("id = \"orders\"", "id = \"orders\"\nstanza = \"a b\"");
    expect(&stanza, &[(4, "a stanza has letters")]);
    let scratch = format!("scratch_dir = \"/{}\"\n{GOOD}", "x".repeat(80));
    expect(&scratch, &[(1, "a socket must fit below it")]);
    expect(&changed("data_dir = \"/data/orders\"", ""), &[(3, "say hosts = false")]);
    let elsewhere = changed("id = \"orders\"", "id = \"orders\"\nhosts = false\nport = 1");
    let (data, port) = ((3, "data_dir: leave it out"), (3, "port: leave it out"));
    expect(&elsewhere, &[data, port]);
    let account = changed("id = \"orders\"", "id = \"orders\"\nuser_account = \"postgres\"");
    expect(&account, &[(4, "belongs to hosts = false")]);
    let own = format!("{GOOD}[pgbackrest]\noptions = {{ repo1-path = \"/x\", process-max = 2 }}");
    expect(&own, &[(20, "repo1-path: leave it out")]);
}
