//! What all processes of a piece of work use together, those that have ended or left their parent
//! included: a control group counts them.

use std::fs;
use std::path::{Path, PathBuf};

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
        let dir = Path::new(COUNTED).join(format!("mainstay-bench-{}", std::process::id()));
        if dir.is_dir() {
            fs::remove_dir(&dir)?;
        }
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
        Ok(nanoseconds / 1e9)
    }
}
