//! The shape of a day: how many users there are at each hour, against the day's average.

/// Percent of the busiest hour, from midnight, as consumer services commonly see it: a deep night,
/// a steep morning, a plateau, and the peak in the evening.
const HOURS: [f64; 24] = [
    38.0, 27.0, 20.0, 17.0, 17.0, 21.0, 32.0, 47.0, 60.0, 67.0, 71.0, 74.0, 77.0, 76.0, 74.0, 74.0,
    77.0, 83.0, 91.0, 98.0, 100.0, 95.0, 78.0, 56.0,
];

/// The rate at a time of day (seconds after midnight) against the average of the day; its mean
/// over a day is 1.
pub(super) fn factor(seconds: f64) -> f64 {
    let mean = HOURS.iter().sum::<f64>() / HOURS.len() as f64;
    let hour = seconds / 3_600.0;
    let at = hour.floor();
    let (from, to) = (HOURS[at as usize % 24], HOURS[(at as usize + 1) % 24]);
    (from + (to - from) * (hour - at)) / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_on_average_smooth_and_highest_in_the_evening() {
        let day: Vec<f64> = (0..1_440).map(|minute| factor(f64::from(minute) * 60.0)).collect();
        let mean = day.iter().sum::<f64>() / day.len() as f64;
        assert!((mean - 1.0).abs() < 1e-9, "{mean}");
        let steps = day.iter().zip(day.iter().cycle().skip(1));
        assert!(steps.clone().all(|(a, b)| (a - b).abs() < 0.01));
        let busiest = (0..1_440).max_by(|a, b| day[*a].total_cmp(&day[*b])).unwrap();
        assert_eq!(busiest, 20 * 60);
    }
}
