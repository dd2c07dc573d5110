//! What all processes of a piece of work use together, those that have ended or left their parent
//! included: a control group counts them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// Where processor time is counted (version 1 of control groups), and the group of everybody.
const COUNTED: &str = "/sys/fs/cgroup/cpuacct";

/// This process and what it starts, until it is ended.
#[derive(Debug)]
pub struct Group(PathBuf);

impl Group {
    /// # Errors
    /// The kernel counts otherwise, or this account may not make groups.
    pub fn enter() -> Result<Self> {
        // Each has a name of its own: what ended a moment ago still holds the one before.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (own, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(COUNTED).join(format!("mainstay-bench-{own}-{next}"));
        fs::create_dir(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
        // Zero is whoever writes.
        fs::write(dir.join("cgroup.procs"), "0")?;
        Ok(Self(dir))
    }

    /// Seconds of processor time. What still runs goes on outside.
    pub fn end(self) -> Result<f64> {
        let nanoseconds: f64 = fs::read_to_string(self.0.join("cpuacct.usage"))?.trim().parse()?;
        let left = fs::read_to_string(self.0.join("cgroup.procs"))?;
        for pid in left.lines() {
            // One that has just ended is gone from here too.
            let _ = fs::write(Path::new(COUNTED).join("cgroup.procs"), pid);
        }
        // An empty one that is still busy costs nothing and goes with the machine.
        let _ = fs::remove_dir(&self.0);
        Ok(nanoseconds / 1e9)
    }
}
