//! Reading the server's own metrics.

use anyhow::{Context, Result};
use mainstay_tests::Visitor;

/// A histogram of Prometheus: upper bounds, and how many values lie at or below each.
#[derive(Debug, PartialEq)]
pub struct Histogram(Vec<(f64, f64)>);

impl Histogram {
    /// Reads the histogram `name` from the server; empty when it has no values yet.
    pub async fn read(visitor: &Visitor, name: &str) -> Result<Self> {
        Self::parse(&visitor.page("/metrics").await?, name)
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        let start = format!("{name}_bucket{{le=\"");
        let lines = text.lines().filter_map(|line| line.strip_prefix(&start));
        let bucket = |line: &str| {
            let (bound, count) = line.split_once("\"} ")?;
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
            Some((bound, count.parse().ok()?))
        };
        let buckets = lines.map(|line| bucket(line).with_context(|| format!("{name}: {line}")));
        Ok(Self(buckets.collect::<Result<_>>()?))
    }

    /// Values that came since an earlier reading.
    pub fn since(mut self, earlier: &Self) -> Self {
        for ((_, count), (_, before)) in self.0.iter_mut().zip(&earlier.0) {
            *count -= before;
        }
        self
    }

    pub fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// The bound that `percent` of the values do not exceed; not a number of none.
    pub fn percentile(&self, percent: f64) -> f64 {
        let rank = self.count() * percent / 100.0;
        let bucket = self.0.iter().find(|(_, count)| *count > 0.0 && *count >= rank);
        bucket.map_or(f64::NAN, |(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_read_and_subtracted() {
        let text = |counts: [u32; 3]| {
            let [a, b, c] = counts;
            format!(
                "other_bucket{{le=\"1\"}} 9\nx_bucket{{le=\"0.1\"}} {a}\n\
                 x_bucket{{le=\"0.5\"}} {b}\nx_bucket{{le=\"+Inf\"}} {c}\nx_sum 3\n"
            )
        };
        let earlier = Histogram::parse(&text([5, 5, 6]), "x").unwrap();
        let now = Histogram::parse(&text([5, 104, 106]), "x").unwrap().since(&earlier);
        assert_eq!(now.count(), 100.0);
        assert_eq!(now.percentile(99.0), 0.5);
        assert_eq!(now.percentile(100.0), f64::INFINITY);
        assert!(Histogram::parse("", "x").unwrap().percentile(99.0).is_nan());
    }
}
