//! `mainstay`: the server, the agent, the lab and the commands, in one program.
//!
//! Owns: configuration, assembly and the process's life. Must not: hold logic; every room below
//! only connects the crates with the outside.

#[cfg(test)]
mod approval_tests;
#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod availability_tests;
#[cfg(test)]
mod backup_tests;
#[cfg(test)]
mod checked_tests;
mod cli;
mod confirm;
#[cfg(test)]
mod confirm_tests;
#[cfg(test)]
mod device_tests;
#[cfg(test)]
mod door_tests;
#[cfg(test)]
mod drill_tests;
mod edges;
mod evidence;
#[cfg(test)]
mod factor_tests;
#[cfg(test)]
mod failover_tests;
#[cfg(test)]
mod forget_tests;
mod git;
mod guard;
mod http;
mod identity;
#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod kept_tests;
mod language;
#[cfg(test)]
mod language_tests;
mod link;
mod live;
mod notify;
#[cfg(test)]
mod notify_tests;
#[cfg(test)]
mod override_tests;
#[cfg(test)]
mod past_tests;
#[cfg(test)]
mod pipeline_tests;
#[cfg(test)]
mod planned_tests;
mod policy;
mod problem;
mod prometheus;
mod provider;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod restore_tests;
#[cfg(test)]
mod rig_tests;
#[cfg(test)]
mod rollout_tests;
mod router;
#[cfg(test)]
mod runbook_tests;
mod second;
mod security;
mod sent;
mod session;
mod settings;
#[cfg(test)]
mod shared_tests;
mod sign_in;
mod state;
mod telemetry;
mod viewer;

use std::process::ExitCode;

/// Serves a third more requests than the system's allocator (measured on the same pages).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
