//! Ports for servers that must keep theirs over a restart.
//!
//! Invariant: a port is held by one test of this machine at a time: it lies below the range from
//! which the kernel gives out ports by itself, and a lock on a file says that it is taken.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, bail};

const FIRST: u16 = 12_000;
const COUNT: u16 = 16_000;

/// A port of 127.0.0.1 that is free and stays reserved while this exists.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Takes a free port.
    ///
    /// # Errors
    /// When all are taken or the directory of the locks cannot be used.
    pub fn take() -> Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let dir = lock_dir()?;
        // Test programs begin at different places, so that they rarely meet.
        let offset =
            u16::try_from(u32::from(COUNT).min(std::process::id() * 37 % u32::from(COUNT)))?;
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let number = FIRST + (offset.wrapping_add(step)) % COUNT;
            let lock = File::create(dir.join(number.to_string()))?;
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        bail!("no port is free")
    }

    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

fn lock_dir() -> Result<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let dir = std::env::temp_dir().join(format!("mainstay-test-ports-{user}"));
    fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_while_they_are_held() {
        let ports: Vec<Port> = (0..20).map(|_| Port::take().unwrap()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 20);
    }
}
