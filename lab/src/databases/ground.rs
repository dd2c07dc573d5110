//! Where everything is that Postgres' account works on: clusters, repositories, and the agents'
//! folders for databases.
//!
//! Invariant: the account can enter all of it. A lab below a folder that nobody else may enter,
//! which /root is, has it elsewhere, with a link in its place.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use mainstay_agent::database::account::Account;
use mainstay_agent::database::config::SCRATCH_DIR_MAX_BYTES;
use mainstay_core::id::{DatabaseId, DatacenterId};
use rand::Rng;
use sha2::{Digest, Sha256};

/// Where it goes that the account could not reach in the lab's folder.
const ELSEWHERE: &str = "/var/lib/mainstay";
/// Entered by anybody who knows a name in it, listed by nobody else.
const ENTERED: u32 = 0o711;
/// Of a repository that can be reached.
const REPOSITORY: u32 = 0o750;

/// The folders, made.
#[derive(Clone, Debug)]
pub struct Ground {
    dir: PathBuf,
    scratch: PathBuf,
    /// Who works there.
    pub account: Account,
}

impl Ground {
    /// Finds the folders of a former run of the lab, or makes them. `longest`: bytes of the longest
    /// name of a data centre.
    ///
    /// # Errors
    /// There is no account for Postgres, or no folder that it can enter.
    pub fn make(lab: &Path, longest: usize) -> anyhow::Result<Self> {
        let account = Account::named(None).map_err(|failure| anyhow::anyhow!("{failure}"))?;
        if account.to_become().is_some() {
            fs::set_permissions(lab, fs::Permissions::from_mode(ENTERED))
                .with_context(|| format!("cannot open {} for Postgres", lab.display()))?;
        }
        let link = lab.join("databases");
        if link.is_symlink() && !link.exists() {
            fs::remove_file(&link)?;
        }
        if !link.exists() {
            match can_enter(account, lab) {
                true => make(&link)?,
                false => {
                    let name: u32 = rand::rng().random();
                    let dir = Path::new(ELSEWHERE).join(format!("lab-{name:08x}"));
                    make(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
                    symlink(&dir, &link)?;
                }
            }
        }
        let dir = link.canonicalize()?;
        anyhow::ensure!(
            can_enter(account, &dir),
            "user {} cannot enter {}: make the folders above it accessible",
            account.uid,
            dir.display()
        );
        for name in ["agents", "clusters", "groups", "repositories", "stores"] {
            make(&dir.join(name))?;
        }
        let scratch = scratch(&dir, longest);
        account.make_dir(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
        Ok(Self { dir, scratch, account })
    }

    /// Folder of a database's cluster.
    pub fn cluster(&self, database: &DatabaseId) -> PathBuf {
        self.dir.join("clusters").join(database.as_str())
    }

    /// Folder of the store that clusters agree by, in a data centre.
    pub fn store(&self, datacenter: &DatacenterId) -> PathBuf {
        self.dir.join("stores").join(datacenter.as_str())
    }

    /// Folder of the members of a database's cluster.
    pub fn group(&self, database: &DatabaseId) -> PathBuf {
        self.dir.join("groups").join(database.as_str())
    }

    pub fn repository(&self, datacenter: &DatacenterId) -> PathBuf {
        self.dir.join("repositories").join(datacenter.as_str())
    }

    /// Makes the repository of a data centre, or brings it back if it was out of reach.
    pub fn set_reachable(&self, datacenter: &DatacenterId, reachable: bool) -> io::Result<()> {
        let repository = self.repository(datacenter);
        self.account.make_dir(&repository)?;
        let mode = if reachable { REPOSITORY } else { 0 };
        fs::set_permissions(&repository, fs::Permissions::from_mode(mode))
    }

    /// What an agent keeps of databases: a folder here, to which a link in its own leads.
    pub fn agent(&self, datacenter: &DatacenterId, agent_dir: &Path) -> io::Result<PathBuf> {
        let dir = self.databases_of(datacenter);
        make(&dir)?;
        fs::create_dir_all(agent_dir)?;
        let link = agent_dir.join("databases");
        match fs::read_link(&link) {
            Ok(known) if known == dir => {}
            Ok(_) => {
                fs::remove_file(&link)?;
                symlink(&dir, &link)?;
            }
            Err(_) => symlink(&dir, &link)?,
        }
        Ok(dir)
    }

    /// That folder, whether it is there or not.
    pub fn databases_of(&self, datacenter: &DatacenterId) -> PathBuf {
        self.dir.join("agents").join(datacenter.as_str())
    }

    /// Where the agent of a data centre restores copies to prove them.
    pub fn scratch(&self, datacenter: &DatacenterId) -> PathBuf {
        self.scratch.join(datacenter.as_str())
    }

    /// Where a file is kept that a fault has taken away.
    pub fn kept(&self) -> PathBuf {
        self.dir.join("kept")
    }

    /// Where the small file system of a full repository is.
    pub fn full(&self, datacenter: &DatacenterId) -> PathBuf {
        self.dir.join("full").join(datacenter.as_str())
    }
}

fn make(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(ENTERED).create(dir)
}

/// Below the ground, unless a socket would not fit there.
fn scratch(ground: &Path, longest: usize) -> PathBuf {
    let near = ground.join("scratch");
    match near.as_os_str().len() + 1 + longest <= SCRATCH_DIR_MAX_BYTES {
        true => near,
        false => {
            let digest = Sha256::digest(ground.as_os_str().as_encoded_bytes());
            let name: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            PathBuf::from(format!("/tmp/mainstay-lab-{name}"))
        }
    }
}

fn can_enter(account: Account, dir: &Path) -> bool {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "cd \"$1\"", "sh"]).arg(dir).current_dir("/").stderr(Stdio::null());
    if let Some((uid, gid)) = account.to_become() {
        command.uid(uid).gid(gid);
    }
    command.status().is_ok_and(|status| status.success())
}
