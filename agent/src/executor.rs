//! Executing commands: journal, fence, driver, in this order.

use std::collections::BTreeMap;

use mainstay_core::estate::Deployment;
use mainstay_core::fence::Verdict;
use mainstay_core::id::ServiceId;
use mainstay_wire::{Command, CommandResult, Outcome};

use crate::driver::Driver;
use crate::journal::{Journal, JournalError};

/// The one that acts on commands in a data centre.
pub struct Executor<D> {
    journal: Journal,
    driver: D,
}

impl<D: Driver> Executor<D> {
    /// Finishes what a former run left half done and sets the driver to work.
    pub fn new(journal: Journal, driver: D) -> Result<Self, JournalError> {
        let mut executor = Self { journal, driver };
        for command in executor.journal.in_progress() {
            executor.execute(&command)?;
        }
        executor.driver.retarget(executor.journal.targets());
        Ok(executor)
    }

    /// Executes one command, at most once in the life of the journal.
    ///
    /// An error means that it is not known to be durable: nothing may be answered, and the same
    /// command may come again.
    pub fn execute(&mut self, command: &Command) -> Result<CommandResult, JournalError> {
        let answer = |outcome| CommandResult {
            command_id: command.id.clone(),
            token: command.token,
            outcome,
        };
        match self.journal.judge(command) {
            Verdict::Repeat(outcome) => return Ok(answer(outcome)),
            Verdict::Stale { newest } => {
                let stale = answer(Outcome::Stale { newest });
                // One that was begun is closed, so that it does not come up at every start.
                if self.journal.in_progress().iter().any(|c| c.id == command.id) {
                    self.journal.finish(&stale)?;
                }
                return Ok(stale);
            }
            Verdict::Act => self.journal.accept(command)?,
            // Nothing outside the journal happens between accepting and finishing, so there is
            // nothing to look at: carrying on is right.
            Verdict::Probe => {}
        }
        let outcome = match self.driver.precheck(&command.action) {
            Ok(()) => Outcome::Done,
            Err(message) => Outcome::Failed { message },
        };
        let result = answer(outcome);
        self.journal.finish(&result)?;
        self.driver.retarget(self.journal.targets());
        Ok(result)
    }

    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    pub fn driver(&self) -> &D {
        &self.driver
    }

    pub fn into_driver(self) -> D {
        self.driver
    }

    /// What is deployed, as the server is told.
    pub fn deployments(&self) -> BTreeMap<ServiceId, Deployment> {
        let deployments = self.journal.deployments();
        deployments.map(|d| (d.service.clone(), d)).collect()
    }
}
