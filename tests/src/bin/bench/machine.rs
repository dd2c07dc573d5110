//! What the kernel knows: the machine's shape, and what processes use.

use std::env;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

const MIB: u64 = 1024 * 1024;

/// The machine and how the measured programs were built, in one line.
pub fn describe(quick: bool) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = field(&cpus, "model name").unwrap_or("unknown processor");
    let memory = fs::read_to_string("/proc/meminfo")?;
    let gib = field(&memory, "MemTotal").and_then(kilobytes).unwrap_or(0) / (1024 * MIB);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    let debug = env::var("MAINSTAY_BIN_DIR").map_or(true, |dir| dir.ends_with("debug"));
    let build = if debug { "debug" } else { "release" };
    let length = if quick { "quick" } else { "full" };
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    Ok(format!(
        "{length} run of {build} programs on {cores} cores ({model}), {gib} GiB, Linux {kernel}; \
         load before: {load}"
    ))
}

/// Memory of a process in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident, shared pages in full.
    pub rss: u64,
    /// Resident, shared pages divided among those who share them.
    pub pss: u64,
}

pub fn memory(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let bytes = |name| field(&text, name).and_then(kilobytes).with_context(|| path.clone());
    Ok(Memory { rss: bytes("Rss")?, pss: bytes("Pss")? })
}

/// The value of a line `name: value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name).map(|f| f.1)
}

/// `12 kB` in bytes.
fn kilobytes(value: &str) -> Option<u64> {
    Some(value.strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// Processor time that some processes used since the watch began.
#[derive(Debug)]
pub struct CpuWatch {
    begun: Instant,
    before: Vec<(u32, f64)>,
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub struct CpuUse {
    pub seconds: f64,
    pub elapsed: Duration,
}

impl CpuUse {
    /// Cores used on average.
    pub fn cores(self) -> f64 {
        self.seconds / self.elapsed.as_secs_f64()
    }
}

impl CpuWatch {
    pub fn start(pids: &[u32]) -> Result<Self> {
        let before = pids.iter().map(|&pid| Ok((pid, cpu_seconds(pid)?))).collect::<Result<_>>()?;
        Ok(Self { begun: Instant::now(), before })
    }

    /// Watches for a time.
    pub async fn during(pids: &[u32], time: Duration) -> Result<CpuUse> {
        let watch = Self::start(pids)?;
        tokio::time::sleep(time).await;
        watch.end()
    }

    /// # Errors
    /// When one of the processes is gone.
    pub fn end(self) -> Result<CpuUse> {
        let elapsed = self.begun.elapsed();
        let used = self.before.iter().map(|(pid, before)| Ok(cpu_seconds(*pid)? - before));
        Ok(CpuUse { seconds: used.sum::<Result<f64>>()?, elapsed })
    }
}

/// User and system time of a process so far.
fn cpu_seconds(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let number = |at| stat_field(&text, at).and_then(|field| field.parse::<f64>().ok());
    let ticks = number(13).zip(number(14)).map(|(user, system)| user + system);
    Ok(ticks.with_context(|| path.clone())? / rustix::param::clock_ticks_per_second() as f64)
}

/// A field of `/proc/PID/stat`, from 0. The second is a name in brackets that may hold anything.
fn stat_field(text: &str, at: usize) -> Option<&str> {
    text.rsplit_once(')')?.1.split_whitespace().nth(at.checked_sub(2)?)
}

/// A process and all that descend from it.
pub fn family(head: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // One that has just ended has no parent.
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        if let Some(parent) = stat_field(&text, 3).and_then(|field| field.parse::<u32>().ok()) {
            parents.push((pid, parent));
        }
    }
    let mut found = vec![head];
    let mut at = 0;
    while let Some(&next) = found.get(at) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == next).map(|(pid, _)| *pid));
        at += 1;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_accounts_of_this_process_are_read() {
        let own = std::process::id();
        let memory = memory(own).unwrap();
        assert!(memory.rss >= memory.pss && memory.pss > 0);
        assert!(cpu_seconds(own).unwrap() >= 0.0);
        assert!(family(std::os::unix::process::parent_id()).unwrap().contains(&own));
        assert_eq!(stat_field("7 (a ) b) S 3 4", 3), Some("3"));
    }
}
