//! Simulated traffic: months of requests, minute by minute, and what happens to them.
//!
//! Shares nothing with the detector. Invariant: a town depends on its number alone.

use std::f64::consts::PI;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

pub const DAY_MINUTES: usize = 1_440;
const WEEK_MINUTES: usize = 7 * DAY_MINUTES;
/// Weeks without a failure, to learn in, and weeks with one each.
pub const QUIET_WEEKS: usize = 3;
pub const WEEKS: usize = 9;

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    pub name: &'static str,
    /// What is lost of the requests so many minutes after its begin.
    pub lost: fn(usize) -> f64,
    pub minutes: usize,
}

pub const FAILURES: [Failure; 7] = [
    Failure { name: "collapse", lost: |_| 0.99, minutes: 60 },
    Failure { name: "step of 50 %", lost: |_| 0.5, minutes: 240 },
    Failure { name: "step of 30 %", lost: |_| 0.3, minutes: 240 },
    Failure { name: "step of 20 %", lost: |_| 0.2, minutes: 240 },
    Failure {
        name: "slide to -60 % in 4 h",
        lost: |minute| 0.6 * (minute as f64 / 240.0).min(1.0),
        minutes: 480,
    },
    Failure {
        name: "flapping, 80 % every other 3 min",
        lost: |minute| if minute % 6 < 3 { 0.8 } else { 0.0 },
        minutes: 60,
    },
    Failure { name: "outage of 5 min", lost: |_| 1.0, minutes: 5 },
];

/// Months of a data centre's requests.
#[derive(Clone, Debug)]
pub struct Town {
    /// Requests of each minute.
    pub minutes: Vec<f64>,
    /// When each failure begins.
    pub failures: Vec<usize>,
}

impl Town {
    /// `rate`: requests a minute at noon of a working day. One failure in each week but the first.
    pub fn new(rate: f64, failure: Option<&Failure>, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let length = WEEKS * WEEK_MINUTES;
        let promotions = promotions(&mut random);
        let failures: Vec<usize> = (QUIET_WEEKS..WEEKS)
            .map(|week| week * WEEK_MINUTES + random.random_range(0..WEEK_MINUTES - 720))
            .collect();
        let growth = random.random_range(-0.1..0.3) / (WEEKS * WEEK_MINUTES) as f64;
        let (mut drift, mut minutes) = (0.0, Vec::with_capacity(length));
        for minute in 0..length {
            // Slow noise of 4 % that forgets itself in two hours.
            let keep = 1.0_f64 - 1.0 / 120.0;
            drift = keep * drift + 0.04 * (1.0 - keep * keep).sqrt() * normal(&mut random);
            let mut mean = rate * shape(minute) * (1.0 + growth * minute as f64) * f64::exp(drift);
            for (begin, length, times) in &promotions {
                mean *= promoted(minute, *begin, *length, *times);
            }
            // Bursts of single minutes: users retry, crawlers come.
            let burst = f64::exp(0.05 * normal(&mut random));
            let odd = if random.random_bool(0.001) { random.random_range(1.5..4.0) } else { 1.0 };
            mean *= burst * odd;
            let lost = failure.map_or(0.0, |failure| {
                let since = failures.iter().find_map(|begin| {
                    minute.checked_sub(*begin).filter(|since| *since < failure.minutes)
                });
                since.map_or(0.0, failure.lost)
            });
            minutes.push(poisson(&mut random, mean * (1.0 - lost)));
        }
        Self { minutes, failures: if failure.is_some() { failures } else { Vec::new() } }
    }
}

/// A day with two humps and a deep night; weekends are lower and begin later.
fn shape(minute: usize) -> f64 {
    let weekend = (minute / DAY_MINUTES) % 7 >= 5;
    let late = if weekend { 1.5 } else { 0.0 };
    let hour = (minute % DAY_MINUTES) as f64 / 60.0 - late;
    let hump = |at: f64, width: f64| {
        let off = (hour - at + 12.0).rem_euclid(24.0) - 12.0;
        (-off * off / (2.0 * width * width)).exp()
    };
    let day = 0.12 + 0.8 * hump(12.0, 3.0) + 0.75 * hump(19.5, 2.2);
    day * if weekend { 0.65 } else { 1.0 }
}

/// About two a month: begin, length, how many times the requests.
fn promotions(random: &mut StdRng) -> Vec<(usize, usize, f64)> {
    let weeks = (0..WEEKS).filter(|week| week % 2 == 1);
    weeks
        .map(|week| {
            let hour = random.random_range(8..20);
            let day = random.random_range(0..7);
            let begin = (week * 7 + day) * DAY_MINUTES + hour * 60;
            (begin, random.random_range(60..240), random.random_range(1.5..2.5))
        })
        .collect()
}

/// It comes within ten minutes and ends within three.
fn promoted(minute: usize, begin: usize, length: usize, times: f64) -> f64 {
    let Some(since) = minute.checked_sub(begin).filter(|since| *since < length + 3) else {
        return 1.0;
    };
    let up = (since as f64 / 10.0).min(1.0);
    let down = 1.0 - (since.saturating_sub(length) as f64 / 3.0).min(1.0);
    1.0 + (times - 1.0) * up.min(down)
}

fn normal(random: &mut StdRng) -> f64 {
    let (u, v): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    (-2.0 * u.ln()).sqrt() * (2.0 * PI * v).cos()
}

fn poisson(random: &mut StdRng, mean: f64) -> f64 {
    if mean > 50.0 {
        return (mean + mean.sqrt() * normal(random)).round().max(0.0);
    }
    let (limit, mut product, mut count) = ((-mean).exp(), 1.0, 0.0);
    loop {
        product *= random.random::<f64>();
        if product <= limit {
            return count;
        }
        count += 1.0;
    }
}
