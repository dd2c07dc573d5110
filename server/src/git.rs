//! Asking repositories for commits with the real git: `git ls-remote`.
//!
//! Invariants: only an address that was read as one is asked, over a protocol that was allowed, at
//! addresses that were checked; git gets no terminal, no helper for secrets, no redirect and no
//! environment but what is set here; every wait and every answer is bounded, and whatever is not a
//! plain answer is not known.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::time::Duration;

use mainstay_app::text;
use mainstay_control::pipelines::Repositories;
use mainstay_core::access::Language;
use mainstay_core::notify::address::Network;
use mainstay_core::pipeline::Commit;
use mainstay_core::pipeline::look::Answer;
use mainstay_core::pipeline::repository::{Address, Protocol};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::notify::connect::resolve;

/// Longest that one question takes.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Most of an answer that is read, in bytes: some hundred thousand branches and tags.
const ANSWER_MAX_BYTES: u64 = 16 * 1_024 * 1_024;
/// Most of what git says of an error that is read, and kept.
const SAID_MAX_BYTES: u64 = 4 * 1_024;
const SAID_MAX_CHARS: usize = 200;

/// How repositories are asked.
#[derive(Clone, Debug)]
pub struct Git {
    /// The program.
    pub program: PathBuf,
    pub protocols: BTreeSet<Protocol>,
    /// Networks that are not public and may be asked.
    pub allowed: Vec<Network>,
    /// A configuration of git's with what it needs to be let in.
    pub config: Option<PathBuf>,
}

impl Repositories for Git {
    fn ask(
        &self,
        address: Address,
        commit: Commit,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(async move {
            let asked = tokio::time::timeout(TIMEOUT, self.look(&address, &commit)).await;
            let why = match asked {
                Ok(Ok(answer)) => return answer,
                Ok(Err(why)) => why,
                Err(_) => format!("it did not answer in {} s", TIMEOUT.as_secs()),
            };
            tracing::debug!(repository = %address, why, "a repository was not asked");
            Answer::Unknown { why }
        })
    }
}

impl Git {
    async fn look(&self, address: &Address, commit: &Commit) -> Result<Answer, String> {
        if !self.protocols.contains(&address.protocol) {
            return Err(format!("servers here do not ask over {}", address.protocol.name()));
        }
        let places = match address.protocol {
            Protocol::Https | Protocol::Ssh => self.resolve(address).await?,
            Protocol::File => Vec::new(),
        };
        let mut child = self
            .command(address, &places)
            .spawn()
            .map_err(|error| format!("{} cannot be run: {error}", self.program.display()))?;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err("git has no output".to_owned());
        };
        // Beside each other: whoever waits for one pipe must not fill the other.
        let (found, said) = tokio::join!(find(out, commit), said(err));
        answer(&mut child, found?, &said).await
    }

    async fn resolve(&self, address: &Address) -> Result<Vec<SocketAddr>, String> {
        let port = address.port_or_known();
        // Both protocols are encrypted, and know whom they speak to.
        let found = resolve(&address.host, port, true, &self.allowed).await;
        found.map_err(|answer| text::speak(Language::English, || text::notify::answer(&answer)))
    }

    fn command(&self, address: &Address, places: &[SocketAddr]) -> Command {
        let mut git = Command::new(&self.program);
        git.env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .current_dir("/");
        // ssh finds its keys and known hosts by these, git its programs.
        for name in ["PATH", "HOME", "SSH_AUTH_SOCK"] {
            if let Some(value) = std::env::var_os(name) {
                git.env(name, value);
            }
        }
        let config = self.config.clone().unwrap_or_else(|| "/dev/null".into());
        git.env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", config)
            .env("GIT_ALLOW_PROTOCOL", address.protocol.name())
            .env("GIT_SSH_COMMAND", ssh(address, places));
        for setting in [
            "credential.helper=".to_owned(),
            "core.askPass=".to_owned(),
            "http.proxy=".to_owned(),
            "http.followRedirects=false".to_owned(),
            format!("http.curloptResolve={}", pinned(address, places)),
        ] {
            git.arg("-c").arg(setting);
        }
        git.args(["ls-remote", "--quiet", "--heads", "--tags", "--"]).arg(address.to_string());
        git
    }
}

/// `host:port:address,address`: git connects to what was checked.
fn pinned(address: &Address, places: &[SocketAddr]) -> String {
    let places: Vec<_> = places
        .iter()
        .map(|place| match place {
            SocketAddr::V4(place) => place.ip().to_string(),
            SocketAddr::V6(place) => format!("[{}]", place.ip()),
        })
        .collect();
    match (address.protocol, places.is_empty()) {
        (Protocol::Https, false) => {
            format!("{}:{}:{}", address.host, address.port_or_known(), places.join(","))
        }
        // An empty one takes back what another configuration says.
        (Protocol::Https, true) | (Protocol::Ssh | Protocol::File, _) => String::new(),
    }
}

/// ssh that asks nobody, and connects to what was checked. Nothing in it was typed but the name of
/// the host, which has no character that a shell knows.
fn ssh(address: &Address, places: &[SocketAddr]) -> String {
    let mut ssh = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=5 \
                   -o ServerAliveInterval=5 -o ServerAliveCountMax=2 -o ClearAllForwardings=yes"
        .to_owned();
    if let Some(place) = places.first() {
        ssh = format!("{ssh} -o HostName={} -o HostKeyAlias={}", place.ip(), address.host);
    }
    ssh
}

/// What was found in an answer.
enum Found {
    Tip(String),
    Nothing,
    /// It goes on for longer than is read.
    TooLong,
}

async fn find(out: impl AsyncRead + Unpin, commit: &Commit) -> Result<Found, String> {
    let mut lines = BufReader::new(out.take(ANSWER_MAX_BYTES));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line).await;
        if read.map_err(|error| format!("its answer broke off: {error}"))? == 0 {
            let full = lines.get_ref().limit() == 0;
            return Ok(if full { Found::TooLong } else { Found::Nothing });
        }
        let text = String::from_utf8_lossy(&line);
        if let Some((id, name)) = text.trim_end().split_once('\t')
            && id == commit.as_str()
        {
            return Ok(Found::Tip(tip(name)));
        }
    }
}

/// `branch main` or `tag v1`.
fn tip(name: &str) -> String {
    let short = |name: &str| name.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
        (Some(branch), _) => format!("branch {}", short(branch)),
        // What a tag with words of its own points to.
        (None, Some(tag)) => format!("tag {}", short(tag.strip_suffix("^{}").unwrap_or(tag))),
        (None, None) => short(name),
    }
}

/// The last line of what git says.
async fn said(err: impl AsyncRead + Unpin) -> String {
    let mut text = Vec::new();
    // What cannot be read of it is not told; the rest is drained by nobody and ends git.
    let _ = err.take(SAID_MAX_BYTES).read_to_end(&mut text).await;
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(SAID_MAX_CHARS).collect()
}

async fn answer(child: &mut Child, found: Found, said: &str) -> Result<Answer, String> {
    match found {
        // The rest of the answer is of no use.
        Found::Tip(name) => Ok(Answer::Tip { name }),
        Found::TooLong => Err("it has more branches and tags than are read".to_owned()),
        Found::Nothing => {
            let ended = child.wait().await.map_err(|error| format!("git was lost: {error}"))?;
            match (ended.success(), said) {
                (true, _) => Ok(Answer::NoTip),
                (false, "") => Err(format!("git ended with {ended}")),
                (false, said) => Err(said.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command as Plain;

    use super::*;

    /// A repository with two commits, the first of which has a tag with words of its own.
    struct Shop {
        dir: tempfile::TempDir,
        first: Commit,
        second: Commit,
    }

    fn git(dir: &Path, arguments: &[&str]) -> String {
        let mut git = Plain::new("git");
        git.args(["-c", "user.name=ann", "-c", "user.email=ann@example.org"])
            .args(["-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false"])
            .args(arguments)
            .current_dir(dir)
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        let done = git.output().expect("git runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("text").trim().to_owned()
    }

    impl Shop {
        fn new() -> Self {
            let dir = tempfile::tempdir().expect("a directory");
            git(dir.path(), &["init", "--quiet", "--initial-branch=main"]);
            let commit = |words: &str| {
                git(dir.path(), &["commit", "--quiet", "--allow-empty", "-m", words]);
                Commit::new(&git(dir.path(), &["rev-parse", "HEAD"])).expect("a commit")
            };
            let first = commit("one");
            git(dir.path(), &["tag", "-a", "v1", "-m", "the first"]);
            let second = commit("two");
            Self { first, second, dir }
        }

        fn address(&self) -> Address {
            Address::read(&format!("file://{}", self.dir.path().display())).expect("an address")
        }
    }

    fn asks(protocols: &[Protocol]) -> Git {
        Git {
            program: "git".into(),
            protocols: protocols.iter().copied().collect(),
            allowed: Vec::new(),
            config: None,
        }
    }

    fn why(answer: Answer) -> String {
        match answer {
            Answer::Unknown { why } => why,
            known @ (Answer::Tip { .. } | Answer::NoTip) => panic!("{known:?}"),
        }
    }

    #[tokio::test]
    async fn a_repository_says_what_ends_at_a_commit() {
        let (shop, git) = (Shop::new(), asks(&[Protocol::File]));
        let tip = |name: &str| Answer::Tip { name: name.to_owned() };
        assert_eq!(git.ask(shop.address(), shop.second.clone()).await, tip("branch main"));
        assert_eq!(git.ask(shop.address(), shop.first.clone()).await, tip("tag v1"));
        let nobody = Commit::new(&"5".repeat(40)).expect("a commit");
        assert_eq!(git.ask(shop.address(), nobody).await, Answer::NoTip);
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_not_known() {
        let shop = Shop::new();
        let ask = async |git: &Git, address: &str| {
            let address = Address::read(address).expect("an address");
            why(git.ask(address, shop.first.clone()).await)
        };
        let own = shop.address().to_string();
        let said = ask(&asks(&[Protocol::Https]), &own).await;
        assert_eq!(said, "servers here do not ask over file");
        let said = ask(&asks(&[Protocol::File]), "file:///nowhere/at/all").await;
        assert!(said.contains("does not appear to be a git repository") || !said.is_empty());
        let none = Git { program: "/nowhere/git".into(), ..asks(&[Protocol::File]) };
        assert!(ask(&none, &own).await.starts_with("/nowhere/git cannot be run"));
        let all = asks(&Protocol::ALL);
        for private in ["https://127.0.0.1/shop", "ssh://git@10.0.0.1/shop"] {
            let said = ask(&all, private).await;
            assert!(said.contains("is not public"), "{said}");
        }
    }

    #[tokio::test]
    async fn one_that_hangs_is_left() {
        let dir = tempfile::tempdir().expect("a directory");
        let program = dir.path().join("git");
        std::fs::write(&program, "#!/bin/sh\nexec cat /dev/zero\n").expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).expect("it may be run");
        let git = Git { program, ..asks(&[Protocol::File]) };
        let shop = Shop::new();
        let said = why(git.ask(shop.address(), shop.first.clone()).await);
        assert_eq!(said, "it has more branches and tags than are read");
    }

    #[test]
    fn git_connects_to_what_was_checked() {
        let git = asks(&Protocol::ALL);
        let shown = |address: &str, places: &[&str]| {
            let places: Vec<_> = places.iter().map(|it| it.parse().expect("a place")).collect();
            let address = Address::read(address).expect("an address");
            format!("{:?}", git.command(&address, &places).as_std())
        };
        let https = shown("https://git.example.org/shop", &["192.0.2.1:443", "[2001:db8::1]:443"]);
        let pinned = "http.curloptResolve=git.example.org:443:192.0.2.1,[2001:db8::1]";
        assert!(https.contains(pinned), "{https}");
        assert!(https.ends_with(r#""--" "https://git.example.org/shop""#), "{https}");
        let ssh = shown("ssh://git@git.example.org:2222/shop", &["192.0.2.1:2222"]);
        assert!(ssh.contains("HostName=192.0.2.1 -o HostKeyAlias=git.example.org"), "{ssh}");
        assert!(ssh.contains("GIT_ALLOW_PROTOCOL=\"ssh\""), "{ssh}");
    }
}
