//! Waiting for a condition: the only place of the tests where time passes.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep, timeout_at};

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(25);

/// Looks again and again until `look` answers, and returns the answer.
///
/// # Errors
/// When no answer came within `patience`; `what` says in words what was waited for.
pub async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        match timeout_at(deadline, look()).await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) if Instant::now() < deadline => sleep(POLL).await,
            Ok(None) | Err(_) => bail!("not within {patience:?}: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_ends_the_wait_and_none_ends_in_words() {
        let mut looks = 0;
        let answer = until("three looks", Duration::from_secs(10), async || {
            looks += 1;
            (looks == 3).then_some("there")
        });
        assert_eq!(answer.await.unwrap(), "there");
        let never = until("the moon", Duration::from_millis(60), async || None::<()>).await;
        assert!(never.unwrap_err().to_string().ends_with("the moon"));
        let hangs = until("sleepers", Duration::from_millis(60), async || {
            std::future::pending::<Option<()>>().await
        });
        assert!(hangs.await.is_err());
    }
}
