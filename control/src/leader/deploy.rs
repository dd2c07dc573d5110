//! The deployer: brings every data centre that is heard to what the fleet and the rollouts ask of
//! it.

use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::deployment::{self, Command, Slot, Spec};
use mainstay_core::estate::{Contact, DatacenterState};
use mainstay_core::fence::{Subject, Token};
use mainstay_core::id::DatacenterId;
use mainstay_core::rollout;
use mainstay_store::lease::Term;
use mainstay_store::{StoreError, audit, lease, outbox, release};
use std::collections::BTreeMap;

use super::Leader;
use crate::estate::Snapshot;

type Wanted = BTreeMap<Slot, Spec>;

/// Decides for every data centre, one transaction each.
pub(super) async fn step(
    leader: &Leader,
    term: &Term,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    let estate = &snapshot.estate;
    if estate.fleet_revision == 0 {
        return Ok(());
    }
    let mut wanted = rollout::wanted(&estate.fleet, &estate.releases);
    for (id, state) in &estate.datacenters {
        if state.contact(estate.at) != Contact::Reporting || !state.connected {
            continue;
        }
        let wanted = wanted.remove(id).unwrap_or_default();
        let none = BTreeMap::new();
        if deployment::decide(&wanted, &state.deployments, &none, estate.at).is_empty() {
            continue;
        }
        if command(leader, term, snapshot, id, &wanted, state).await? {
            leader.commands.send_modify(|version| *version += 1);
        }
    }
    Ok(())
}

/// Decides for one data centre with the history of its commands, and writes it all at once.
async fn command(
    leader: &Leader,
    term: &Term,
    snapshot: &Snapshot,
    datacenter: &DatacenterId,
    wanted: &Wanted,
    state: &DatacenterState,
) -> Result<bool, StoreError> {
    let now = snapshot.estate.at;
    let revisions = (snapshot.estate.fleet_revision, snapshot.estate.releases.revision);
    leader
        .store
        .transaction(|tx| {
            Box::pin(async move {
                // A decision about versions that is not known here yet would be undone by this.
                if release::revision_in(tx).await? != revisions.1 {
                    return Ok(false);
                }
                let history = outbox::history(tx, datacenter).await?;
                let actions = deployment::decide(wanted, &state.deployments, &history, now);
                if actions.is_empty() {
                    return Ok(false);
                }
                let count = u32::try_from(actions.len()).unwrap_or(u32::MAX);
                let tokens = lease::step(tx, term, count).await?;
                for (action, token) in actions.into_iter().zip(tokens) {
                    let event = event(datacenter, &action, token, revisions, now);
                    let command = outbox::Command {
                        id: command_id(token),
                        datacenter: datacenter.clone(),
                        token,
                        action,
                    };
                    outbox::insert(tx, &command, now).await?;
                    audit::append(tx, &event).await?;
                }
                Ok(true)
            })
        })
        .await
}

/// The idempotency key of a decision: its token, which no other decision has.
fn command_id(token: Token) -> String {
    format!("c-{}-{}-{}", token.timeline, token.epoch, token.seq)
}

fn event(
    datacenter: &DatacenterId,
    command: &Command,
    token: Token,
    (fleet, releases): (i64, u64),
    now: chrono::DateTime<chrono::Utc>,
) -> Event {
    let action = match command {
        Command::Deploy { .. } => Action::Deploy,
        Command::Remove { .. } => Action::Remove,
        Command::Replace { .. } => Action::InstanceReplace,
        Command::Test { .. } => Action::BenchRun,
        Command::Work { .. } => Action::DatabaseWork,
    };
    let deployer = Actor::System("deployer".to_owned());
    let object = match command.subject() {
        Subject::Service(service) => format!("/services/{service}/in/{datacenter}"),
        Subject::Database(database) => format!("/backups/sets/{database}"),
    };
    Event {
        reason: Some(format!("fleet revision {fleet}, releases revision {releases}")),
        after: Some(serde_json::json!({ "command": command_id(token), "action": command })),
        ..Event::new(now, deployer, action, object)
    }
}
