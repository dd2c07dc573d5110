//! The life of a cluster, on the real programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use mainstay_devdb::{Cluster, Options};

fn fast() -> Options {
    Options { fast: true, ..Options::default() }
}

/// A kept directory that the unprivileged account may enter.
fn kept_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("the system has a temporary directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    dir
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn data_is_kept_over_stop_kill_and_a_second_start() {
    let dir = kept_dir();
    let mut cluster = Cluster::start(dir.path(), &fast()).unwrap();
    let url = cluster.create_database("state").unwrap();
    assert_eq!(cluster.create_database("state").unwrap(), url, "creating twice is no error");
    cluster.query("state", "CREATE TABLE t (n int); INSERT INTO t VALUES (7)").unwrap();
    let read = |cluster: &Cluster| cluster.query("state", "SELECT n FROM t").unwrap();

    cluster.restart().unwrap();
    assert_eq!(read(&cluster), ["7"]);
    assert_eq!(cluster.url("state"), url, "the address survives a restart");
    cluster.kill().unwrap();
    assert!(!cluster.is_running());
    assert!(cluster.query("state", "SELECT 1").is_err());
    cluster.restart().unwrap();
    assert_eq!(read(&cluster), ["7"]);

    drop(cluster);
    let cluster = Cluster::start(dir.path(), &fast()).unwrap();
    assert_eq!(read(&cluster), ["7"]);
}

#[test]
fn a_temporary_cluster_leaves_nothing() {
    let mut cluster = Cluster::temporary(&fast()).unwrap();
    let data = cluster.query("postgres", "SHOW data_directory").unwrap().remove(0);
    let sockets = cluster.query("postgres", "SHOW unix_socket_directories").unwrap().remove(0);
    assert_eq!(cluster.query("postgres", "SHOW listen_addresses").unwrap(), [""]);
    cluster.stop().unwrap();
    cluster.stop().unwrap();
    drop(cluster);
    assert!(!fs::exists(data).unwrap());
    assert!(!fs::exists(sockets).unwrap());
}

#[test]
fn bad_names_and_bad_statements_are_refused_with_their_reason() {
    let cluster = Cluster::temporary(&fast()).unwrap();
    let error = cluster.create_database("Robert'); --").unwrap_err();
    assert!(error.to_string().contains("no name for a database"), "{error:#}");
    let error = cluster.query("postgres", "SELECT * FROM nowhere").unwrap_err();
    assert!(error.to_string().contains("relation \"nowhere\" does not exist"), "{error:#}");
    let error = cluster.query("nowhere", "SELECT 1").unwrap_err();
    assert!(error.to_string().contains("database \"nowhere\" does not exist"), "{error:#}");
}

/// Not a test: what `a_killed_user_leaves_no_server_behind` runs in a process of its own.
#[test]
#[ignore = "a helper of another test"]
fn hold_a_cluster_until_killed() {
    let Some(dir) = std::env::var_os("MAINSTAY_DEVDB_HOLD") else { return };
    let cluster = Cluster::start(dir.as_ref(), &fast()).unwrap();
    fs::write(std::path::Path::new(&dir).join("held"), cluster.url("postgres")).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_killed_user_leaves_no_server_behind() {
    let dir = kept_dir();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "hold_a_cluster_until_killed"])
        .env("MAINSTAY_DEVDB_HOLD", dir.path())
        .spawn()
        .unwrap();
    eventually("the other process holds the cluster", || dir.path().join("held").exists());
    let error = Cluster::start(dir.path(), &fast()).unwrap_err();
    assert!(error.to_string().contains("in use by another run"), "{error:#}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    // Either the guardian has stopped it by now, or the next start does: both end well.
    let cluster = Cluster::start(dir.path(), &fast()).unwrap();
    assert_eq!(cluster.query("postgres", "SELECT 1").unwrap(), ["1"]);
    drop(cluster);
    fs::write(dir.path().join("data/postmaster.pid"), "1\n").unwrap();
    let cluster = Cluster::start(dir.path(), &fast()).unwrap();
    assert_eq!(cluster.query("postgres", "SELECT 1").unwrap(), ["1"]);
}
