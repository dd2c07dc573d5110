//! What people change about channels: each change, and each that was refused, with its audit entry.

use chrono::{DateTime, Utc};
use mainstay_core::access::{FieldMistake, Mistake};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::notify::answer::{Answer, Trouble};
use mainstay_core::notify::draft::{Draft, Read};
use mainstay_core::notify::{
    Channel, ChannelId, Delivery, Health, SECRET_OVERLAP, Standing, State, Target, Way,
};
use mainstay_store::notify::channel::NewChannel;
use mainstay_store::notify::{channel as rows, delivery as deliveries};
use mainstay_store::{StoreError, Tx, audit};
use rand::RngCore as _;
use serde_json::{Value, json};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CLAIM, about};
use crate::Control;
use crate::access::{AccessError, By, Sealer, random};

/// What every signing secret starts with (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a signing secret.
const SECRET_BYTES: usize = 32;
/// The list of channels, where a new one is made.
const LIST: &str = "/settings/notifications";

/// A channel, and its signing secret when one was just made.
#[derive(Clone, Debug)]
pub struct Revealed {
    pub channel: Channel,
    /// Shown this once.
    pub secret: Option<String>,
}

/// What somebody does to a channel that stands.
#[derive(Clone, Copy, Debug)]
enum Deed<'a> {
    Change { read: &'a Read },
    Pause,
    Resume,
    Remove,
    Rotate { secret: &'a str },
}

impl Deed<'_> {
    const fn action(self) -> Action {
        match self {
            Self::Change { .. } => Action::ChannelChange,
            Self::Pause => Action::ChannelPause,
            Self::Resume => Action::ChannelResume,
            Self::Remove => Action::ChannelRemove,
            Self::Rotate { .. } => Action::ChannelRotate,
        }
    }
}

impl Control {
    /// Makes a channel. A webhook gets a secret to sign with, which is told here and never again.
    pub async fn make_channel(&self, by: &By, draft: &Draft) -> Result<Revealed, AccessError> {
        let snapshot = self.snapshot();
        let read = match draft.read(&snapshot.estate.fleet, &self.notify.allowed, None) {
            Ok(read) => read,
            Err(mistakes) => {
                return Err(self.access.mistaken(by, Action::ChannelCreate, LIST, mistakes).await);
            }
        };
        let made = (read.target.way() == Way::Webhook).then(signing_secret);
        let secret = made.as_deref().or(read.secret.as_deref());
        let (read, sealer, now) = (&read, self.sealer()?, self.access.now());
        let channel = self
            .store
            .transaction(|tx| Box::pin(make(tx, by, read, secret.map(|it| (sealer, it)), now)))
            .await?;
        match channel {
            Some(channel) => Ok(Revealed { channel, secret: made }),
            None => {
                let taken = vec![FieldMistake::new("name", Mistake::Taken)];
                Err(self.access.mistaken(by, Action::ChannelCreate, LIST, taken).await)
            }
        }
    }

    /// Changes a channel that was read at `revision`.
    pub async fn change_channel(
        &self,
        by: &By,
        id: ChannelId,
        revision: i64,
        draft: &Draft,
    ) -> Result<Channel, AccessError> {
        let channel = self.channel(id).await?.ok_or(AccessError::NotFound)?;
        let fleet = &self.snapshot().estate.fleet;
        match draft.read(fleet, &self.notify.allowed, Some(&channel)) {
            Ok(read) => self.do_to(by, id, Some(revision), Deed::Change { read: &read }).await,
            Err(mistakes) => {
                let path = channel.path();
                Err(self.access.mistaken(by, Action::ChannelChange, &path, mistakes).await)
            }
        }
    }

    /// Nothing is sent over it until it is resumed.
    pub async fn pause_channel(&self, by: &By, id: ChannelId) -> Result<Channel, AccessError> {
        self.do_to(by, id, None, Deed::Pause).await
    }

    /// It sends again, also if its receiver said that it was gone.
    pub async fn resume_channel(&self, by: &By, id: ChannelId) -> Result<Channel, AccessError> {
        self.do_to(by, id, None, Deed::Resume).await
    }

    /// Removes it with its secrets.
    pub async fn remove_channel(&self, by: &By, id: ChannelId) -> Result<Channel, AccessError> {
        self.do_to(by, id, None, Deed::Remove).await
    }

    /// A new secret to sign with; the one before counts a while beside it. Only webhooks have one.
    pub async fn rotate_channel(&self, by: &By, id: ChannelId) -> Result<Revealed, AccessError> {
        let secret = signing_secret();
        let channel = self.do_to(by, id, None, Deed::Rotate { secret: &secret }).await?;
        Ok(Revealed { channel, secret: Some(secret) })
    }

    /// Sends a test at once and waits for the answer.
    pub async fn test_channel(&self, by: &By, id: ChannelId) -> Result<Delivery, AccessError> {
        let (now, person) = (self.access.now(), by.person());
        let key = format!("test/{}", random());
        let key = key.as_str();
        let claimed = self
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    let Some(channel) = rows::lock(tx, id).await? else { return Ok(None) };
                    let times = (now, now + CLAIM);
                    let delivery = deliveries::insert_test(tx, id, (key, person), times).await?;
                    let mut event = by.event(Action::ChannelTest, channel.path(), now);
                    event.after = Some(json!({ "name": channel.name, "delivery": delivery.id }));
                    audit::append(tx, &event).await?;
                    Ok(Some((channel, delivery)))
                })
            })
            .await?;
        let (channel, delivery) = claimed.ok_or(AccessError::NotFound)?;
        let Some(notifier) = self.notifier(self.store.clone()) else {
            let answer = Answer::none(Trouble::Message, "this server sends nothing");
            let state = State::GivenUp { at: now };
            return Ok(Delivery { answer: Some(answer), state, ..delivery });
        };
        let answer = notifier.send(channel, delivery.clone()).await;
        let state = notifier.settle(None, &delivery, &answer).await?;
        Ok(Delivery { answer: Some(answer), state, ..delivery })
    }

    fn sealer(&self) -> Result<&Sealer, AccessError> {
        let sealer = self.access.factor_settings().sealer.as_deref();
        // Only a test assembles a server without its key.
        sealer.ok_or(AccessError::NotFound)
    }

    async fn do_to(
        &self,
        by: &By,
        id: ChannelId,
        revision: Option<i64>,
        deed: Deed<'_>,
    ) -> Result<Channel, AccessError> {
        let (now, sealer) = (self.access.now(), self.sealer()?);
        let act = &Act { by, id, revision, deed, sealer, now };
        self.store.transaction(|tx| Box::pin(act.run(tx))).await?
    }
}

struct Act<'a> {
    by: &'a By,
    id: ChannelId,
    revision: Option<i64>,
    deed: Deed<'a>,
    sealer: &'a Sealer,
    now: DateTime<Utc>,
}

impl Act<'_> {
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Result<Channel, AccessError>, StoreError> {
        let object = format!("{LIST}/{}", self.id);
        let mut event = self.by.event(self.deed.action(), object, self.now);
        let done = match rows::lock(tx, self.id).await? {
            None => Err(AccessError::NotFound),
            Some(channel) if self.revision.is_some_and(|seen| seen != channel.revision) => {
                Err(AccessError::Changed { revision: channel.revision })
            }
            Some(channel) => {
                event.before = Some(shown(&channel));
                self.act(tx, channel).await?
            }
        };
        match &done {
            Ok(channel) => event.after = Some(self.after(channel)),
            // An address of nothing is no try at a change.
            Err(AccessError::NotFound) => return Ok(done),
            Err(error) => {
                event.outcome = Outcome::Refused;
                event.before = None;
                event.after = Some(json!({ "refused": error.to_string() }));
            }
        }
        audit::append(tx, &event).await?;
        Ok(done)
    }

    fn after(&self, channel: &Channel) -> Value {
        match self.deed {
            Deed::Remove => json!({ "name": channel.name, "removed": true }),
            Deed::Change { read } => {
                let mut after = shown(channel);
                after["secret_changed"] = read.secret.is_some().into();
                after
            }
            Deed::Rotate { .. } | Deed::Pause | Deed::Resume => shown(channel),
        }
    }

    async fn act(
        &self,
        tx: &mut Tx<'_>,
        channel: Channel,
    ) -> Result<Result<Channel, AccessError>, StoreError> {
        let (id, now) = (self.id, self.now);
        let next = Channel { revision: channel.revision + 1, changed_at: now, ..channel.clone() };
        let next = match self.deed {
            Deed::Remove => {
                rows::remove(tx, id, now).await?;
                return Ok(Ok(channel));
            }
            Deed::Pause => {
                let by = self.by.person().to_owned();
                Channel { standing: Standing::Paused { by, at: now }, ..next }
            }
            Deed::Resume => fresh(Channel { standing: Standing::Active, ..next }),
            Deed::Rotate { secret } => {
                if channel.target.way() != Way::Webhook {
                    return Ok(Err(AccessError::NotFound));
                }
                let sealed = self.sealer.seal(secret.as_bytes(), &about(id));
                rows::set_secret(tx, id, Some(&sealed), Some(now + SECRET_OVERLAP)).await?;
                next
            }
            Deed::Change { read } => {
                if let Some(secret) = &read.secret {
                    let sealed = self.sealer.seal(secret.as_bytes(), &about(id));
                    rows::set_secret(tx, id, Some(&sealed), None).await?;
                } else if needs_none(&read.target) {
                    rows::set_secret(tx, id, None, None).await?;
                }
                let has_secret = (channel.has_secret || read.secret.is_some())
                    && !(read.secret.is_none() && needs_none(&read.target));
                fresh(Channel {
                    name: read.name.clone(),
                    target: read.target.clone(),
                    hears: read.hears.clone(),
                    repeat_minutes: read.repeat_minutes,
                    has_secret,
                    ..next
                })
            }
        };
        if rows::update(tx, &next).await? {
            return Ok(Ok(next));
        }
        Ok(Err(AccessError::Mistakes(vec![FieldMistake::new("name", Mistake::Taken)])))
    }
}

/// How deliveries went before does not count for what was changed.
fn fresh(channel: Channel) -> Channel {
    let health = Health { failing_since: None, given_up: 0, ..channel.health.clone() };
    Channel { health, ..channel }
}

/// Nobody signs in to this server: a password that is left is of no use.
const fn needs_none(target: &Target) -> bool {
    match target {
        Target::Email(mail) => mail.user.is_none(),
        Target::Webhook { .. } | Target::Alertmanager { .. } => false,
    }
}

async fn make(
    tx: &mut Tx<'_>,
    by: &By,
    read: &Read,
    secret: Option<(&Sealer, &str)>,
    now: DateTime<Utc>,
) -> Result<Option<Channel>, StoreError> {
    let new = NewChannel {
        name: &read.name,
        target: &read.target,
        hears: &read.hears,
        repeat_minutes: read.repeat_minutes,
        by: by.person(),
    };
    let Some(mut channel) = rows::insert(tx, &new, now).await? else { return Ok(None) };
    if let Some((sealer, secret)) = secret {
        let sealed = sealer.seal(secret.as_bytes(), &about(channel.id));
        rows::set_secret(tx, channel.id, Some(&sealed), None).await?;
        channel.has_secret = true;
    }
    let mut event = by.event(Action::ChannelCreate, channel.path(), now);
    event.after = Some(shown(&channel));
    audit::append(tx, &event).await?;
    Ok(Some(channel))
}

/// What the audit log says of a channel: of a webhook only the server, as the rest of its address
/// may be half a secret.
fn shown(channel: &Channel) -> Value {
    let to = match &channel.target {
        Target::Email(mail) => json!({ "user": mail.user, "from": mail.from, "to": mail.to,
            "security": mail.security }),
        Target::Webhook { .. } | Target::Alertmanager { .. } => Value::Null,
    };
    json!({
        "name": channel.name,
        "way": channel.target.way(),
        "server": channel.target.server(),
        "mail": to,
        "hears": channel.hears,
        "repeat_minutes": channel.repeat_minutes,
        "standing": channel.standing,
        "has_secret": channel.has_secret,
        "revision": channel.revision,
    })
}

fn signing_secret() -> String {
    let mut bytes = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes))
}
