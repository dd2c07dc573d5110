//! Reading Linux's /proc: which processes are ours, since when they run, what they use.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::{ENV_AGENT_DIR, ENV_INSTANCE};

/// What identifies a process for as long as the machine is up, and what it has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Start time in clock ticks since boot: with the pid, an identity.
    pub started_ticks: u64,
    pub process_group: i32,
    /// Processor time used so far, by the process itself.
    pub cpu: Duration,
    pub resident_bytes: u64,
}

/// A process that carries the marks of an agent's child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    pub pid: i32,
    /// Value of [`ENV_INSTANCE`].
    pub instance: String,
    pub stat: Stat,
}

/// Identifies this boot of the machine: pids mean nothing in another.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// The process's state, or `None` if there is none or it is a zombie.
pub fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Every process that was started for an instance by the agent of this data folder. The mark is
/// inherited, so what a service starts is found too; [`Stat::process_group`] tells them apart.
pub fn marked(data_dir: &Path) -> io::Result<Vec<Marked>> {
    let found = all(|pid| instance_of(pid, data_dir).is_some())?;
    let marked = found.into_iter().filter_map(|(pid, stat)| {
        let instance = instance_of(pid, data_dir)?;
        Some(Marked { pid, instance, stat })
    });
    Ok(marked.collect())
}

/// The instance a process was started for by the agent of this data folder.
pub fn instance_of(pid: i32, data_dir: &Path) -> Option<String> {
    let environment = Environment::of(pid)?;
    let ours = environment.value(ENV_AGENT_DIR)? == data_dir.as_os_str().as_encoded_bytes();
    let instance = std::str::from_utf8(environment.value(ENV_INSTANCE)?).ok()?;
    ours.then(|| instance.to_owned())
}

/// Every process, with its pid, that `wanted` says yes to.
pub fn all(wanted: impl Fn(i32) -> bool) -> io::Result<Vec<(i32, Stat)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok());
        if let Some(pid) = pid.filter(|pid| wanted(*pid))
            && let Some(stat) = stat(pid)
        {
            found.push((pid, stat));
        }
    }
    Ok(found)
}

/// The variables that a process was started with.
pub struct Environment(Vec<u8>);

impl Environment {
    /// `None`: there is no such process, or it is somebody else's.
    pub fn of(pid: i32) -> Option<Self> {
        Some(Self(fs::read(format!("/proc/{pid}/environ")).ok()?))
    }

    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.0
            .split(|byte| *byte == 0)
            .find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }
}

/// See proc_pid_stat(5). The name in parentheses may hold anything, so fields count from the last
/// parenthesis on.
fn parse_stat(line: &str) -> Option<Stat> {
    let (_, fields) = line.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    // Field 3 of the manual page, the state, is the first here.
    let field = |n: usize| fields.get(n - 3).copied();
    if matches!(field(3)?, "Z" | "X") {
        return None;
    }
    let number = |n| field(n)?.parse::<u64>().ok();
    let ticks = number(14)? + number(15)?;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Some(Stat {
        started_ticks: number(22)?,
        process_group: field(5)?.parse().ok()?,
        cpu: Duration::from_millis(ticks.saturating_mul(1000) / per_second),
        resident_bytes: number(24)?.saturating_mul(rustix::param::page_size() as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_whatever_the_name_is() {
        let line = "7 (a) S (b) R 1 6 6 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 1 0 99 1000 3 18";
        let stat = parse_stat(line).unwrap();
        assert_eq!((stat.started_ticks, stat.process_group), (99, 6));
        assert_eq!(stat.resident_bytes, 3 * rustix::param::page_size() as u64);
        assert!(stat.cpu > Duration::ZERO);
        assert_eq!(parse_stat(&line.replace(" R ", " Z ")), None);
        for torn in ["", "7 (a", "7 (a) R 1"] {
            assert_eq!(parse_stat(torn), None, "{torn}");
        }
    }

    #[test]
    fn sees_itself_and_carries_no_mark() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(stat(me).unwrap().resident_bytes > 0);
        assert_eq!(instance_of(me, Path::new("/nowhere")), None);
    }
}
