//! Envoy as the way in: what control decides goes over xDS, what Envoys tell goes back.
//!
//! Invariants: a decision is told before anything else is done; telling and hearing hold up
//! nothing of each other; what was counted when the server stops is handed over first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use mainstay_control::edges::{Nack, Sight};
use mainstay_control::traffic::{GRACE_SECONDS, Told};
use mainstay_control::{Control, LinkError, authority};
use mainstay_core::id::{DatacenterId, EdgeId};
use mainstay_xds::{Contact, EdgeState, Gate, Xds};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// How often counts are handed over.
const PERIOD: Duration = Duration::from_millis(500);

/// Lets edges in by the certificate of their data centre.
pub struct Certificates(pub Arc<Control>);

#[tonic::async_trait]
impl Gate for Certificates {
    async fn datacenter(&self, certificate: Option<&[u8]>) -> Result<DatacenterId, Status> {
        let certificate =
            certificate.ok_or_else(|| Status::unauthenticated("a client certificate is needed"))?;
        match self.0.agent_of(&authority::fingerprint(certificate)).await {
            Ok(Some(datacenter)) => Ok(datacenter),
            Ok(None) => Err(Status::unauthenticated(
                "this certificate is unknown, expired or revoked; the agent of the data centre \
                 has to join again",
            )),
            Err(LinkError::Store(_)) => {
                Err(Status::unavailable("the database does not answer; try again"))
            }
            Err(LinkError::Later(why)) => Err(Status::resource_exhausted(why)),
            Err(error @ (LinkError::Refused(_) | LinkError::Authority(_))) => {
                Err(Status::permission_denied(error.to_string()))
            }
        }
    }
}

/// Joins both until told to stop.
pub async fn run(control: Arc<Control>, xds: Xds, shutdown: CancellationToken) {
    tokio::join!(
        tell(&control, &xds, shutdown.clone()),
        hear(&control, &xds, shutdown.clone()),
        count(&control, &xds, shutdown)
    );
    xds.stop();
}

async fn tell(control: &Control, xds: &Xds, shutdown: CancellationToken) {
    let mut routing = control.edges.routing();
    loop {
        let newest = routing.borrow_and_update().clone();
        if let Some(newest) = newest {
            xds.publish(newest);
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = routing.changed() => if changed.is_err() { return },
        }
    }
}

async fn hear(control: &Control, xds: &Xds, shutdown: CancellationToken) {
    let mut edges = xds.edges();
    loop {
        let now = edges.borrow_and_update().clone();
        control.edges.observe(sights(&now), Utc::now());
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = edges.changed() => if changed.is_err() { return },
        }
    }
}

/// Edges that were ever connected to this server.
fn sights(edges: &BTreeMap<EdgeId, EdgeState>) -> BTreeMap<EdgeId, Sight> {
    let seen = edges.iter().filter_map(|(id, state)| {
        let (connected, since) = match state.contact {
            Contact::Never => return None,
            Contact::Connected { since } => (true, since),
            Contact::Gone { since } => (false, since),
        };
        let nacks = state.nacks.iter().map(|nack| Nack {
            kind: format!("{:?}", nack.kind).to_lowercase(),
            revision: nack.revision,
            names: nack.names.clone(),
            services: nack.services(),
            message: nack.message.clone(),
            at: nack.at,
        });
        let sight = Sight {
            connected,
            since,
            proxy: state.proxy_version.clone(),
            published_revision: state.published_revision,
            acknowledged_revision: state.acknowledged_revision,
            nacks: nacks.collect(),
        };
        Some((id.clone(), sight))
    });
    seen.collect()
}

async fn count(control: &Control, xds: &Xds, shutdown: CancellationToken) {
    let take = |before| {
        let taken = xds.traffic().take(before);
        control.traffic.take_in(Told {
            counts: taken.counts,
            limited: taken.limited,
            heard: taken.heard,
            lost: taken.lost,
        });
    };
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = ticks.tick() => take(Utc::now().timestamp() - GRACE_SECONDS),
        }
    }
    take(Utc::now().timestamp() + 1);
}
