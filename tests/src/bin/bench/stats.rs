//! Percentiles of what was measured.

/// Measured values of one kind, in one unit.
#[derive(Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest value that `percent` of all values do not exceed; not a number of none.
    pub fn percentile(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let samples: Samples = (1..=50).rev().map(f64::from).collect();
        assert_eq!(samples.percentile(50.0), 25.0);
        assert_eq!(samples.percentile(95.0), 48.0);
        assert_eq!(samples.percentile(100.0), 50.0);
        assert!(Samples::default().percentile(50.0).is_nan());
    }
}
