//! Values that several readers ask for at once, worked out once for each version of what they are
//! made of.
//!
//! Invariants: a value is given only for the version that it was read under or before; whoever
//! asks for the same while it is being read waits for that reading, but not for ever; what is kept
//! is bounded in number, size and age.
//!
//! Must not: know what is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mainstay_store::StoreError;
use mainstay_store::availability::read::Version;
use tokio::sync::Mutex as AsyncMutex;

/// Values that are kept; of more, the one that was asked for longest ago goes.
const KEPT_MAX: usize = 32;
/// Rows of a value that is kept; a larger one is read each time.
const ROWS_MAX: usize = 20_000;
/// Nothing is kept longer, so that a store that went back in time is not taken for the one before.
const AGE_MAX: Duration = Duration::from_secs(300);

/// Whoever asks for what is being read waits for so long, then reads it too.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// One value with what it was made of.
#[derive(Debug)]
struct Kept<V> {
    version: Version,
    at: Instant,
    value: V,
}

type Slot<V> = Arc<AsyncMutex<Option<Kept<V>>>>;

/// Values by what was asked, the one asked for last at the end.
#[derive(Debug)]
pub(crate) struct Shared<K, V> {
    slots: Mutex<VecDeque<(K, Slot<V>)>>,
}

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self { slots: Mutex::default() }
    }
}

impl<K: PartialEq, V: Clone> Shared<K, V> {
    /// The value of `version`: the one that is kept, else what `read` gives. `rows` says how large
    /// it is.
    pub(crate) async fn get(
        &self,
        key: K,
        version: Version,
        rows: impl Fn(&V) -> usize,
        read: impl AsyncFnOnce() -> Result<V, StoreError>,
    ) -> Result<V, StoreError> {
        let slot = self.slot(key);
        let Ok(mut kept) = tokio::time::timeout(WAIT_MAX, slot.lock()).await else {
            return read().await;
        };
        let fresh = |kept: &&Kept<V>| kept.version == version && kept.at.elapsed() < AGE_MAX;
        if let Some(kept) = kept.as_ref().filter(fresh) {
            return Ok(kept.value.clone());
        }
        *kept = None;
        let at = Instant::now();
        let value = read().await?;
        if rows(&value) <= ROWS_MAX {
            *kept = Some(Kept { version, at, value: value.clone() });
        }
        Ok(value)
    }

    fn slot(&self, key: K) -> Slot<V> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let known = slots.iter().position(|(other, _)| *other == key);
        let slot = known.and_then(|at| slots.remove(at)).map(|(_, slot)| slot);
        let slot = slot.unwrap_or_default();
        slots.push_back((key, slot.clone()));
        if slots.len() > KEPT_MAX {
            slots.pop_front();
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn version(corrections: i64) -> Version {
        Version { decided: None, corrections }
    }

    #[derive(Default)]
    struct Town {
        shared: Shared<usize, Vec<usize>>,
        reads: AtomicUsize,
    }

    impl Town {
        async fn get(&self, key: usize, at: i64, rows: usize) -> Vec<usize> {
            let read = async || {
                tokio::task::yield_now().await;
                Ok(vec![self.reads.fetch_add(1, Ordering::Relaxed); rows])
            };
            self.shared.get(key, version(at), Vec::len, read).await.expect("it reads")
        }

        fn reads(&self) -> usize {
            self.reads.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn a_value_is_read_once_for_each_version_and_shared_meanwhile() {
        let town = Town::default();
        let (a, b) = tokio::join!(town.get(1, 1, 1), town.get(1, 1, 1));
        assert_eq!((a, b, town.reads()), (vec![0], vec![0], 1));
        assert_eq!(town.get(1, 2, 1).await, [1]);
        assert_eq!(town.get(2, 2, 1).await, [2], "another question has another answer");
        assert_eq!(town.get(1, 2, 1).await, [1]);
        assert_eq!(town.get(1, 1, 1).await, [3], "one that went back is no version of before");
    }

    #[tokio::test]
    async fn what_is_too_large_or_too_many_is_not_kept() {
        let town = Town::default();
        town.get(1, 1, ROWS_MAX + 1).await;
        town.get(1, 1, ROWS_MAX + 1).await;
        assert_eq!(town.reads(), 2);
        for key in 0..=KEPT_MAX {
            town.get(key, 1, 1).await;
        }
        let before = town.reads();
        town.get(KEPT_MAX, 1, 1).await;
        assert_eq!(town.reads(), before);
        town.get(0, 1, 1).await;
        assert_eq!(town.reads(), before + 1, "the one asked for longest ago went");
    }

    #[tokio::test]
    async fn a_reading_that_fails_leaves_nothing_behind() {
        let shared = Shared::<(), usize>::default();
        let failed = shared.get((), version(1), |_| 1, async || Err(StoreError::Timeout)).await;
        assert!(failed.is_err());
        let read = shared.get((), version(1), |_| 1, async || Ok(7)).await;
        assert_eq!(read.expect("it reads"), 7);
    }
}
