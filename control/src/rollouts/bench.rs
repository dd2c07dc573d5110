//! Ordering a staging bench: a version is started beside the others where no user reaches it, and
//! tested by the agent.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::Action;
use mainstay_core::bench::{Bench, BenchResult, On, Test, TestReport, TestState};
use mainstay_core::deployment::{Command, Spec};
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::placement;
use mainstay_store::{StoreError, Tx, audit, bench as stored, lease, outbox, release};
use serde_json::json;

use super::{RolloutError, VERSION_MAX_BYTES, event, name_of, refuse};
use crate::Control;
use crate::access::{By, random};
use crate::leader::LEASE;
use crate::once::Once;

/// Nodes of a staging deployment.
const NODES: u16 = 1;

impl Control {
    /// Orders the bench of a version; its result comes with the agent's reports. One that is
    /// being made already is the answer.
    pub async fn order_bench(
        &self,
        by: &By,
        service: &ServiceId,
        version: &str,
        key: &str,
    ) -> Result<BenchResult, RolloutError> {
        let version = version.trim();
        let is_plain = |c: char| c.is_ascii_graphic();
        if version.is_empty() || version.len() > VERSION_MAX_BYTES || !version.chars().all(is_plain)
        {
            let words = "write a version of 1 to 64 letters, digits and signs, without spaces";
            return Err(RolloutError::Form(words));
        }
        let once = &Once::new(key, by, &("bench", service, version))?;
        let estate = self.snapshot().estate;
        let declared = estate.fleet.services.get(service).ok_or(RolloutError::NotFound)?;
        let now = Utc::now().trunc_subsecs(6);
        let bench = Bench::of(&estate.fleet, service);
        let placed = place(&estate, service, &bench);
        let spec = Spec { version: version.to_owned(), nodes: NODES, ..Spec::from(declared) };
        let test = Test {
            id: format!("bench-{}", random()),
            on: On::Staging { spec },
            checks: bench.checks,
        };
        let order = Order { by, service, version, once, placed, test, now };
        let order = &order;
        let answer =
            self.store.read_committed(|tx| Box::pin(async move { order.answer(tx).await })).await?;
        if answer.is_ok() {
            self.commands.send_modify(|version| *version += 1);
        }
        answer
    }
}

/// Where the staging deployment comes up.
fn place(estate: &Estate, service: &ServiceId, bench: &Bench) -> Result<DatacenterId, Nowhere> {
    let heard = |id: &DatacenterId| estate.contact(id) == Contact::Reporting;
    if let Some(datacenter) = &bench.datacenter {
        let known = heard(datacenter).then(|| datacenter.clone());
        return known.ok_or_else(|| Nowhere::NotHeard(datacenter.clone()));
    }
    let declared = estate.fleet.services.get(service);
    let places = declared.map(|it| placement::datacenters(&estate.fleet, it)).unwrap_or_default();
    places.into_iter().find(heard).ok_or(Nowhere::Unheard)
}

/// Why no data centre can make a bench.
#[derive(Clone, Debug)]
enum Nowhere {
    NotHeard(DatacenterId),
    Unheard,
}

/// An order with all that it is judged by.
struct Order<'a> {
    by: &'a By,
    service: &'a ServiceId,
    version: &'a str,
    once: &'a Once<'a>,
    placed: Result<DatacenterId, Nowhere>,
    test: Test,
    now: DateTime<Utc>,
}

impl Order<'_> {
    async fn answer(
        &self,
        tx: &mut Tx<'_>,
    ) -> Result<Result<BenchResult, RolloutError>, StoreError> {
        // Orders of one version happen one after another.
        release::lock(tx).await?;
        if let Some(answer) = self.once.recall(tx).await? {
            return Ok(answer);
        }
        if let Some(known) = stored::get(tx, self.service, self.version).await?
            && known.report.state == TestState::Running
        {
            return Ok(Ok(known));
        }
        let object = format!("/services/{}", self.service);
        let mut event = event(self.by, Action::BenchRun, object, self.now);
        let datacenter = match &self.placed {
            Ok(datacenter) => datacenter.clone(),
            Err(kind) => {
                let error = match kind.clone() {
                    Nowhere::NotHeard(datacenter) => RolloutError::NotHeard { datacenter },
                    Nowhere::Unheard => {
                        RolloutError::NowhereHeard { service: self.service.clone() }
                    }
                };
                refuse(tx, event, &error.to_string()).await?;
                return Ok(Err(error));
            }
        };
        let result = self.result(&datacenter);
        stored::order(tx, &result).await?;
        let token = lease::token(tx, LEASE).await?;
        let command = command(datacenter, token, self.service, &self.test);
        outbox::insert(tx, &command, self.now).await?;
        event.after = Some(json!({
            "service": self.service,
            "version": self.version,
            "command": command.id,
            "action": command.action,
        }));
        audit::append(tx, &event).await?;
        self.once.remember(tx, &result, self.now).await?;
        Ok(Ok(result))
    }

    fn result(&self, datacenter: &DatacenterId) -> BenchResult {
        BenchResult {
            service: self.service.clone(),
            version: self.version.to_owned(),
            datacenter: datacenter.clone(),
            report: TestReport {
                id: self.test.id.clone(),
                service: self.service.clone(),
                version: self.version.to_owned(),
                state: TestState::Running,
                started_at: self.now,
                ended_at: None,
                results: Vec::new(),
            },
            asked_by: name_of(&self.by.actor).to_owned(),
            asked_at: self.now,
            expires_at: None,
        }
    }
}

/// The command that orders a test; its id follows from the test's, so that it is ordered once.
pub(crate) fn command(
    datacenter: DatacenterId,
    token: mainstay_core::fence::Token,
    service: &ServiceId,
    test: &Test,
) -> outbox::Command {
    outbox::Command {
        id: command_id(&test.id),
        datacenter,
        token,
        action: Command::Test { service: service.clone(), test: test.clone() },
    }
}

/// The id of the command that ordered a test.
pub(crate) fn command_id(test: &str) -> String {
    format!("t-{test}")
}
