//! Executing commands: journal, fence, driver, in this order.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_core::deployment::{self, Slot};
use mainstay_core::estate::{Deployment, Fact, FactKey};
use mainstay_core::fence::Verdict;
use mainstay_wire::{Command, CommandResult, Outcome};

use crate::bench::{Ground, Tests, TestsError};
use crate::driver::Driver;
use crate::journal::{Journal, JournalError};
use crate::work::{Works, WorksError};

/// Why a command is not known to be durable.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Tests(#[from] TestsError),
    #[error(transparent)]
    Works(#[from] WorksError),
}

/// The one that acts on commands in a data centre.
pub struct Executor<D> {
    journal: Journal,
    tests: Tests,
    works: Works,
    driver: D,
}

impl<D: Driver> Executor<D> {
    /// Finishes what a former run left half done and sets the driver to work. Must be called
    /// inside the runtime.
    pub fn new(
        journal: Journal,
        tests: Tests,
        works: Works,
        driver: D,
    ) -> Result<Self, ExecutorError> {
        let mut executor = Self { journal, tests, works, driver };
        executor.tests.resume(&executor.ground());
        executor.works.resume();
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
    pub fn execute(&mut self, command: &Command) -> Result<CommandResult, ExecutorError> {
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
            // Between accepting and finishing a test or work may be taken over, which is not done
            // twice; nothing else outside the journal happens, so carrying on is right.
            Verdict::Probe => {}
        }
        let outcome = match self.begin(&command.action)? {
            Ok(()) => Outcome::Done,
            Err(message) => Outcome::Failed { message },
        };
        let result = answer(outcome);
        self.journal.finish(&result)?;
        self.driver.retarget(self.journal.targets());
        Ok(result)
    }

    /// What is to be done before a command is finished; inside: why it cannot be followed.
    fn begin(&self, action: &deployment::Command) -> Result<Result<(), String>, ExecutorError> {
        let possible = self.driver.precheck(action);
        match action {
            deployment::Command::Deploy { .. }
            | deployment::Command::Remove { .. }
            | deployment::Command::Replace { .. } => Ok(possible),
            // The same test again is the same, even if it could not be made now.
            deployment::Command::Test { test, .. } if self.tests.knows(&test.id) => Ok(Ok(())),
            deployment::Command::Test { service, test } => {
                match possible.and_then(|()| self.tests.check_room()) {
                    Ok(()) => Ok(Ok(self.tests.take(service, test, &self.ground())?)),
                    Err(message) => Ok(Err(message)),
                }
            }
            deployment::Command::Work { work } if self.works.knows(work.id()) => Ok(Ok(())),
            deployment::Command::Work { work } => {
                match possible.and_then(|()| self.works.check(work)) {
                    Ok(()) => Ok(Ok(self.works.take(work)?)),
                    Err(message) => Ok(Err(message)),
                }
            }
        }
    }

    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    pub fn tests(&self) -> &Tests {
        &self.tests
    }

    pub fn works(&self) -> &Works {
        &self.works
    }

    pub fn driver(&self) -> &D {
        &self.driver
    }

    pub fn into_driver(self) -> D {
        self.driver
    }

    /// What is deployed, as the server is told.
    pub fn deployments(&self) -> BTreeMap<Slot, Deployment> {
        let deployments = self.journal.deployments();
        deployments.map(|d| ((d.service.clone(), d.track), d)).collect()
    }

    /// Everything else that the server is told.
    pub fn facts(&self) -> BTreeMap<FactKey, Arc<Fact>> {
        let mut facts = self.works.facts();
        let tests = self.tests.reports().into_values().map(Fact::Test);
        facts.extend(tests.map(|fact| (fact.key(), Arc::new(fact))));
        facts
    }

    fn ground(&self) -> Ground {
        Ground { stager: self.driver.stager(), observed: self.driver.observe() }
    }
}
