//! Asking repositories for the commits that events name.
//!
//! An answer is kept with its time. The leader asks for what open events name; a start asks again
//! before it judges. Asking changes nothing, so two servers that do it at once do no harm.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use mainstay_core::pipeline::Commit;
use mainstay_core::pipeline::look::{Answer, Look, START_ASKS};
use mainstay_core::pipeline::repository::Address;
use mainstay_core::planned::{Content, PlannedEvent};
use mainstay_store::{Store, StoreError, planned, repository as stored};

use crate::Control;

/// Asks repositories.
pub trait Repositories: fmt::Debug + Send + Sync {
    /// Whether a branch or tag ends at a commit; whatever happens is an answer, in bounded time.
    fn ask(
        &self,
        address: Address,
        commit: Commit,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>>;
}

impl Control {
    /// The same with a way to ask repositories.
    #[must_use]
    pub fn with_repositories(self, repositories: Arc<dyn Repositories>) -> Self {
        Self { repositories: Some(repositories), ..self }
    }

    /// Asks the repository of an event anew, unless it was asked just now.
    pub(crate) async fn look_again(&self, content: &Content) -> Result<(), StoreError> {
        let Some(repositories) = &self.repositories else { return Ok(()) };
        let Some((address, commit)) = content.asks() else { return Ok(()) };
        let before = Utc::now() - START_ASKS;
        look(&self.store, repositories, (&address, &commit), |look| look.at < before).await
    }
}

/// Asks for one commit if what is known of it is due.
async fn look(
    store: &Store,
    repositories: &Arc<dyn Repositories>,
    (address, commit): (&Address, &Commit),
    is_due: impl Fn(&Look) -> bool,
) -> Result<(), StoreError> {
    let known = stored::get(&mut *store.reads().acquire().await?, address, commit).await?;
    if known.as_ref().is_some_and(|look| !is_due(look)) {
        return Ok(());
    }
    let answer = repositories.ask(address.clone(), commit.clone()).await;
    let at = Utc::now().trunc_subsecs(6);
    stored::put(store.acts(), address, commit, &Look { at, answer }).await
}

/// Asks for what events that have not begun name, one after the other.
pub(crate) async fn look_all(
    store: &Store,
    repositories: &Arc<dyn Repositories>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let events = planned::open(&mut *store.reads().acquire().await?).await?;
    for event in events.iter().filter(|event| waits(event, now)) {
        let Some((address, commit)) = event.content.asks() else { continue };
        look(store, repositories, (&address, &commit), |look| look.is_due(Utc::now())).await?;
    }
    Ok(())
}

/// Nobody looks at one whose time passed long ago.
fn waits(event: &PlannedEvent, now: DateTime<Utc>) -> bool {
    now < event.content.until + TimeDelta::days(1)
}
