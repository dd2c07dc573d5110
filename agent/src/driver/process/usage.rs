//! What a process uses, damped: a number that hardly changes is not told again.

use std::time::Instant;

use super::proc::Stat;

/// Changes below these are noise.
const CPU_STEP_MILLICORES: u32 = 10;
const MEMORY_STEP_BYTES: u64 = 256 * 1024;

/// Measurements of one process.
#[derive(Debug, Default)]
pub struct Usage {
    last: Option<(Instant, Stat)>,
    cpu_millicores: Option<u32>,
    memory_bytes: Option<u64>,
}

impl Usage {
    /// Takes a measurement; `None`: there is no process to measure.
    pub fn measure(&mut self, stat: Option<Stat>) {
        let Some(stat) = stat else { return };
        let now = Instant::now();
        if let Some((then, before)) = self.last {
            let used = stat.cpu.saturating_sub(before.cpu).as_secs_f64();
            let passed = now.duration_since(then).as_secs_f64().max(1e-3);
            let millicores = (used / passed * 1000.0).round() as u32;
            let known = self.cpu_millicores;
            let step = known.map_or(0, |known| CPU_STEP_MILLICORES.max(known / 10));
            if known.is_none_or(|known| known.abs_diff(millicores) > step) {
                self.cpu_millicores = Some(millicores);
            }
        }
        let known = self.memory_bytes;
        let step = known.map_or(0, |known| MEMORY_STEP_BYTES.max(known / 50));
        if known.is_none_or(|known| known.abs_diff(stat.resident_bytes) > step) {
            self.memory_bytes = Some(stat.resident_bytes);
        }
        self.last = Some((now, stat));
    }

    /// Thousandths of a core; `None`: not measured yet.
    pub const fn cpu_millicores(&self) -> Option<u32> {
        self.cpu_millicores
    }

    /// Resident memory; `None`: not measured yet.
    pub const fn memory_bytes(&self) -> Option<u64> {
        self.memory_bytes
    }
}
