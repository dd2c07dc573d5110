//! One try of a delivery: its secrets opened, sent with a bound, and what came of it written.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::notify::answer::{Answer, Next, Trouble, next};
use mainstay_core::notify::{Channel, ChannelId, Content, Delivery, Standing, State};
use mainstay_store::lease::{self, Term};
use mainstay_store::notify::{channel as rows, delivery as deliveries};
use mainstay_store::{StoreError, Tx, audit};
use serde_json::json;

use super::{Notifier, Order, Secrets, TRY_TIMEOUT, about};
use crate::access::Sealer;

/// The part of the server that sends; its name in the audit log.
const NAME: &str = "notifier";

impl Notifier {
    /// Sends once. The claim stands; nothing is written here.
    pub(crate) async fn send(&self, channel: Channel, delivery: Delivery) -> Answer {
        let now = Utc::now();
        let way = channel.target.way().name();
        let answer = match self.secrets(channel.id, now).await {
            Ok(secrets) => {
                let order = Order { channel, delivery, secrets, now };
                let sent = tokio::time::timeout(TRY_TIMEOUT, self.sender.send(order)).await;
                sent.unwrap_or_else(|_| Answer::none(Trouble::Timeout, ""))
            }
            Err(answer) => answer,
        };
        let result = answer.result();
        metrics::counter!("mainstay_notify_tries_total", "way" => way, "result" => result)
            .increment(1);
        answer
    }

    async fn secrets(&self, id: ChannelId, now: DateTime<Utc>) -> Result<Secrets, Answer> {
        let sealed = rows::secrets(self.store.reads(), id, now).await;
        let sealed = sealed.map_err(|_| Answer::none(Trouble::Interrupted, ""))?;
        let open = |sealed: Option<Vec<u8>>| match sealed {
            None => Ok(None),
            Some(sealed) => open(self.sealer.as_deref(), &sealed, id).map(Some),
        };
        // One that is nearly over is not missed.
        Ok(Secrets { now: open(sealed.now)?, before: open(sealed.before).unwrap_or_default() })
    }

    /// Writes what came of a try, under the lease if a leader tried.
    pub(crate) async fn settle(
        &self,
        term: Option<&Term>,
        delivery: &Delivery,
        answer: &Answer,
    ) -> Result<State, StoreError> {
        let settle = &Settle { term, delivery, answer, now: Utc::now().trunc_subsecs(6) };
        self.store.read_committed(|tx| Box::pin(settle.run(tx))).await
    }
}

fn open(sealer: Option<&Sealer>, sealed: &[u8], id: ChannelId) -> Result<String, Answer> {
    let plain = sealer.and_then(|sealer| sealer.open_sealed(sealed, &about(id)));
    let text = plain.and_then(|plain| String::from_utf8(plain).ok());
    text.ok_or_else(|| Answer::none(Trouble::Secret, ""))
}

struct Settle<'a> {
    term: Option<&'a Term>,
    delivery: &'a Delivery,
    answer: &'a Answer,
    now: DateTime<Utc>,
}

impl Settle<'_> {
    /// The state that the delivery came to.
    async fn run(&self, tx: &mut Tx<'_>) -> Result<State, StoreError> {
        let Self { term, delivery, answer, now } = *self;
        if let Some(term) = term {
            lease::step(tx, term, 0).await?;
        }
        let test = matches!(delivery.content, Content::Test { .. });
        let next = next(delivery.id, delivery.planned_at, delivery.tries, answer, now);
        let state = match next {
            Next::Sent => State::Sent { at: now },
            // Somebody looks at the answer to a test, and presses the button again.
            Next::Again { .. } if test => State::GivenUp { at: now },
            Next::Again { at } => State::Waiting { due_at: at },
            Next::GiveUp | Next::Stop => State::GivenUp { at: now },
        };
        let tried = (delivery.id, delivery.tries);
        if !deliveries::settle(tx, tried, &state, answer, now).await? {
            return Ok(state);
        }
        let gave_up = matches!(state, State::GivenUp { .. });
        if !test || answer.is_sent() {
            rows::note(tx, delivery.channel, answer, gave_up, now).await?;
        }
        if gave_up && !test {
            self.gave_up(tx).await?;
        }
        if next == Next::Stop && !test {
            self.stop(tx).await?;
        }
        Ok(state)
    }

    async fn gave_up(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut event = self.event(Action::DeliveryGiveUp);
        event.after = Some(json!({
            "delivery": self.delivery.id,
            "tries": self.delivery.tries,
            "answer": self.answer,
        }));
        audit::append(tx, &event).await.map(drop)
    }

    /// The receiver is gone for good: its channel is not asked again.
    async fn stop(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Some(channel) = rows::lock(tx, self.delivery.channel).await? else { return Ok(()) };
        let mut event = self.event(Action::ChannelStop);
        event.before = Some(json!({ "standing": channel.standing }));
        let standing = Standing::Stopped { at: self.now };
        event.after = Some(json!({ "standing": standing, "answer": self.answer }));
        let revision = channel.revision + 1;
        let stopped = Channel { standing, revision, changed_at: self.now, ..channel };
        rows::update(tx, &stopped).await?;
        audit::append(tx, &event).await.map(drop)
    }

    fn event(&self, action: Action) -> Event {
        let object = format!("/settings/notifications/{}", self.delivery.channel);
        Event::new(self.now, Actor::System(NAME.to_owned()), action, object)
    }
}
