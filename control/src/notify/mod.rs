//! Notifications: what people change about channels ([`change`]), and how one delivery is tried and
//! settled ([`attempt`]). The leader plans and sends (`leader::notify`).
//!
//! Invariants: a try is claimed and committed before anything is sent; a secret is opened for one
//! try, and leaves this module to its sender and, when it is made, to whoever asked, once.
//!
//! Must not: know HTTP or SMTP. Whoever assembles the server brings a [`Sender`].

pub(crate) mod attempt;
mod change;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::notify::address::Network;
use mainstay_core::notify::answer::Answer;
use mainstay_core::notify::{Channel, ChannelId, Delivery, DeliveryId};
use mainstay_store::notify::{channel as rows, delivery as deliveries};
use mainstay_store::{Store, StoreError};

use crate::Control;
use crate::access::Sealer;

pub use change::Revealed;

/// Longest that one try takes, with the resolving of names.
pub const TRY_TIMEOUT: Duration = Duration::from_secs(15);
/// After so long a claim is somebody else's: its server is gone.
pub(crate) const CLAIM: chrono::TimeDelta = chrono::TimeDelta::seconds(45);

/// Sends over channels.
pub trait Sender: fmt::Debug + Send + Sync {
    /// Tries once; whatever happens is an answer.
    fn send(&self, order: Order) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>>;
}

/// One try.
#[derive(Clone, Debug)]
pub struct Order {
    pub channel: Channel,
    pub delivery: Delivery,
    pub secrets: Secrets,
    pub now: DateTime<Utc>,
}

/// Secrets of a channel, opened.
#[derive(Clone, Default)]
pub struct Secrets {
    pub now: Option<String>,
    /// The signing secret before this one, while it counts.
    pub before: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// What notifications need of the server: who sends, and where to.
#[derive(Clone, Debug, Default)]
pub struct NotifySettings {
    /// `None`: nothing is sent.
    pub sender: Option<Arc<dyn Sender>>,
    /// Networks that are not public and may be told.
    pub allowed: Vec<Network>,
}

/// What it takes to try deliveries.
#[derive(Clone, Debug)]
pub(crate) struct Notifier {
    pub store: Store,
    pub sender: Arc<dyn Sender>,
    pub sealer: Option<Arc<Sealer>>,
}

/// What a secret is sealed for.
pub(crate) fn about(id: ChannelId) -> String {
    format!("notify {id}")
}

impl Control {
    /// The same with a way to send notifications.
    #[must_use]
    pub fn with_notify(self, notify: NotifySettings) -> Self {
        Self { notify, ..self }
    }

    /// Networks that are not public and may be told.
    pub fn notify_allowed(&self) -> &[Network] {
        &self.notify.allowed
    }

    pub(crate) fn notifier(&self, store: Store) -> Option<Notifier> {
        let sender = self.notify.sender.clone()?;
        Some(Notifier { store, sender, sealer: self.access.factor_settings().sealer.clone() })
    }

    /// Every channel, by name.
    pub async fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        let mut db = self.store.reads().acquire().await?;
        rows::all(&mut db).await
    }

    /// One channel.
    pub async fn channel(&self, id: ChannelId) -> Result<Option<Channel>, StoreError> {
        rows::get(self.store.reads(), id).await
    }

    /// Deliveries of a channel, newest first.
    pub async fn deliveries(
        &self,
        id: ChannelId,
        before: Option<DeliveryId>,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        deliveries::list(self.store.reads(), id, before, limit).await
    }

    /// When each channel that failed last is tried again.
    pub async fn next_tries(&self) -> Result<BTreeMap<ChannelId, DateTime<Utc>>, StoreError> {
        deliveries::next_tries(self.store.reads()).await
    }

    /// Who was told of a problem, newest first, with the names of the channels.
    pub async fn told_of(&self, problem: i64) -> Result<Vec<(String, Delivery)>, StoreError> {
        let told = deliveries::about(self.store.reads(), problem).await?;
        let ids: Vec<_> = told.iter().map(|it| it.channel.0).collect();
        let names: BTreeMap<_, _> =
            rows::names(self.store.reads(), &ids).await?.into_iter().collect();
        let named = told.into_iter().map(|it| {
            let name = names.get(&it.channel).cloned().unwrap_or_default();
            (name, it)
        });
        Ok(named.collect())
    }
}
