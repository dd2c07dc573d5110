//! Edges beside the real ones: in the fleet, over TLS, with the certificates of their data centres.

use anyhow::{Context, Error, Result, bail};
use mainstay_agent::identity::{self, Found};
use mainstay_core::id::{DatacenterId, EdgeId};
use mainstay_tests::agent::{Papers, endpoint};

use super::town::{EDGES, Town};
use crate::edges::subscriber::Subscribers;

/// Data centres with their regions; edges stand in them by turns.
const PLACES: [(&str, &str); 4] =
    [("east1", "east"), ("east2", "east"), ("west1", "west"), ("west2", "west")];

/// Simulated edges that run until they are dropped.
#[derive(Default)]
pub struct Crowd {
    edges: Vec<EdgeId>,
    subscribers: Subscribers,
}

impl Crowd {
    /// Lets edges come until there are so many with the real ones, and waits until all of them
    /// know what to do.
    pub async fn grow(&mut self, town: &Town, edges: usize) -> Result<()> {
        let new = self.edges.len()..edges - EDGES;
        let begin = new.start;
        for number in new {
            self.edges.push(EdgeId::new(&format!("edge-sim-{number}"))?);
        }
        let entries: String = self.edges.iter().enumerate().map(entry).collect();
        town.add(&entries).await?;
        for (place, (datacenter, _)) in PLACES.iter().enumerate() {
            let papers = papers(town, datacenter)?;
            let server = endpoint(town.world(), Some(&papers))?;
            let here = self.edges.iter().enumerate().skip(begin);
            let here = here.filter(|(number, _)| number % PLACES.len() == place);
            let here: Vec<EdgeId> = here.map(|(_, id)| id.clone()).collect();
            self.subscribers.connect(&server, &here);
        }
        tokio::select! {
            connected = town.connected(edges) => connected,
            ended = self.subscribers.ended() => Err(ended),
        }
    }

    /// Why one of them ended, which none should.
    pub async fn ended(&mut self) -> Error {
        self.subscribers.ended().await
    }
}

/// As the fleet file has it.
fn entry((number, id): (usize, &EdgeId)) -> String {
    let (datacenter, region) = PLACES[number % PLACES.len()];
    format!("[[edge]]\nid = \"{id}\"\nregion = \"{region}\"\ndatacenter = \"{datacenter}\"\n\n")
}

/// What the agent of a data centre shows.
fn papers(town: &Town, datacenter: &str) -> Result<Papers> {
    let id: DatacenterId = datacenter.parse()?;
    let found = identity::find(&town.world().agent_dir(datacenter), &id, None);
    match found.with_context(|| format!("the agent of {datacenter}"))? {
        Found::Identity(identity) => Ok(Papers {
            key_pem: identity.key_pem().to_owned(),
            certificate_pem: identity.certificate_pem().to_owned(),
        }),
        Found::MustJoin { .. } => bail!("the agent of {datacenter} has not joined"),
    }
}
