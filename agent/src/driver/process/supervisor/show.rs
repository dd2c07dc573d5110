//! What the supervisor shows of its nodes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use mainstay_core::estate::{Instance, InstanceState};
use mainstay_core::id::InstanceId;

use super::{Body, Supervisor};
use crate::driver::process::node::{Node, Phase};

impl Supervisor {
    pub(super) fn publish(&self) {
        let mut state_changed = false;
        self.observed.send_if_modified(|observed| {
            let mut changed = observed.instances.len() != self.nodes.len();
            let mut instances = BTreeMap::new();
            for (id, node) in &self.nodes {
                let Some(body) = self.bodies.get(id) else { continue };
                let new = self.instance(id, node, body);
                let old = observed.instances.remove(id);
                state_changed |= old.as_ref().is_none_or(|old| !same_but_for_usage(old, &new));
                changed |= old.as_deref() != Some(&new);
                let shown = old.filter(|old| **old == new).unwrap_or_else(|| Arc::new(new));
                instances.insert(id.clone(), shown);
            }
            // What is left is gone.
            state_changed |= !observed.instances.is_empty();
            observed.instances = instances;
            observed.state_revision += u64::from(state_changed);
            changed || state_changed
        });
    }

    fn instance(&self, id: &InstanceId, node: &Node, body: &Body) -> Instance {
        let runs = node.runs();
        let state = match &node.phase {
            Phase::Starting { .. } => InstanceState::Starting,
            Phase::Serving { .. } => InstanceState::Serving,
            Phase::Unhealthy { cause } => InstanceState::Unhealthy { cause: cause.clone() },
            Phase::Waiting { cause, .. } => {
                let (cause, retry_at) = (cause.clone(), body.retry_at);
                InstanceState::Waiting { cause, retry_at }
            }
            Phase::Draining { .. } | Phase::Stopped { .. } => InstanceState::Draining,
        };
        let endpoint = || SocketAddr::new(self.config.bind_address, body.port).to_string();
        Instance {
            id: id.clone(),
            service: node.place.0.clone(),
            version: node.spec.version.clone(),
            state,
            since: body.since,
            restarts: node.restarts,
            cpu_millicores: body.usage.cpu_millicores(),
            memory_bytes: body.usage.memory_bytes(),
            endpoint: runs.then(endpoint),
            handle: body.process.as_ref().map(|process| process.id.pid.to_string()),
        }
    }
}

fn same_but_for_usage(old: &Instance, new: &Instance) -> bool {
    let bare = |instance: &Instance| Instance {
        cpu_millicores: None,
        memory_bytes: None,
        ..instance.clone()
    };
    bare(old) == bare(new)
}
