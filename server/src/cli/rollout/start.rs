//! `mainstay rollout start`.

use std::fmt::Write as _;

use clap::Args;
use mainstay_core::fleet::Strategy;
use mainstay_core::rollout::{Plan, Rollout, SchemaChange, StartRequest, StepRequest};

use super::status::{Goal, wait};
use super::words;
use crate::cli::api::{Server, ServerArgs, Stop, key, part, print, print_json};
use crate::http::rollouts::{Asked, Planned, StartAsk};

#[derive(Args, Debug)]
pub struct StartArgs {
    /// The service.
    pub service: String,
    /// The version that it is to go to.
    pub version: String,
    /// A rollout plan of the fleet instead of the service's own.
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<String>,
    /// A quarter of the watch times; no step and no gate less.
    #[arg(long)]
    pub hotfix: bool,
    /// The change's reference in your own register.
    #[arg(long, value_name = "TEXT")]
    pub change: Option<String>,
    /// The planned event that it belongs to, as in ev-12.
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,
    /// What the version does to the database's schema: none, reversible or irreversible.
    #[arg(long, value_name = "CHANGE", default_value = "none", value_parser = schema)]
    pub schema: SchemaChange,
    /// One configuration works with both versions.
    #[arg(long)]
    pub configuration_compatible: bool,
    /// Regions that go together, as in `eu-west,us-east`; several times, in order.
    #[arg(long = "wave", value_name = "REGIONS")]
    pub waves: Vec<String>,
    /// A step as percent and seconds, as in `5:60`; several times, growing. After `50:600:pause` a
    /// person has to go on.
    #[arg(long = "step", value_name = "WEIGHT:SECONDS[:pause]", value_parser = step)]
    pub steps: Vec<StepRequest>,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Start exactly the plan with this hash, as --dry-run showed it.
    #[arg(long, value_name = "HASH", conflicts_with = "dry_run")]
    pub plan_hash: Option<String>,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Only show the plan.
    #[arg(long, conflicts_with = "wait")]
    pub dry_run: bool,
    /// Wait until it is promoted, stands still or goes back.
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

pub(super) async fn run(args: &StartArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let service = part(&args.service)?;
    let request = request(args);
    if args.dry_run {
        let path = format!("/services/{service}/rollout/preview");
        let planned: Planned = server.post(&path, &request).await?;
        match args.server.json {
            true => print_json(&planned),
            false => print(&plan(&planned.plan)),
        }
        return Ok(());
    }
    let ask = StartAsk {
        request,
        plan_hash: args.plan_hash.clone(),
        reason: args.reason.clone(),
        key: Some(key(args.key.as_deref())),
    };
    let path = format!("/services/{service}/do/start-rollout");
    let Asked { rollout } = server.post(&path, &ask).await?;
    if args.wait {
        return wait(&server, rollout.id, Goal::Promoted, args.server.json).await;
    }
    match args.server.json {
        true => print_json(&rollout),
        false => print(&started(&rollout)),
    }
    Ok(())
}

fn request(args: &StartArgs) -> StartRequest {
    let wave = |text: &String| text.split(',').map(|region| region.trim().to_owned()).collect();
    StartRequest {
        service: args.service.clone(),
        version: args.version.clone(),
        plan: args.plan.clone(),
        hotfix: args.hotfix,
        change: args.change.clone(),
        schema: args.schema,
        configuration_compatible: args.configuration_compatible,
        waves: (!args.waves.is_empty()).then(|| args.waves.iter().map(wave).collect()),
        steps: (!args.steps.is_empty()).then(|| args.steps.clone()),
        event: args.event.clone(),
    }
}

fn started(rollout: &Rollout) -> String {
    format!("{} started: {}\n{}", rollout.id, words::state(rollout), plan(&rollout.plan))
}

fn plan(plan: &Plan) -> String {
    let mut text = format!("{} {} -> {}, plan {}\n", plan.service, plan.from, plan.to, plan.hash());
    // Writing to a string cannot fail.
    for (number, wave) in (1..).zip(&plan.waves) {
        let regions: Vec<_> = wave.regions.iter().map(|region| region.as_str()).collect();
        let _ = writeln!(text, "  wave {number}: {}", regions.join(", "));
    }
    match plan.strategy {
        Strategy::Canary => {
            for step in &plan.steps {
                let percent = f64::from(step.weight) / 100.0;
                let pause = if step.pause { ", then waits for a person" } else { "" };
                let _ = writeln!(text, "  {percent} % watched for {} s{pause}", step.watch_seconds);
            }
        }
        Strategy::Rolling => {
            let seconds = plan.node_watch_seconds;
            let _ = writeln!(text, "  node by node, each tested and watched for {seconds} s");
        }
    }
    text
}

fn schema(text: &str) -> Result<SchemaChange, String> {
    let named = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    named.map_err(|_| "write none, reversible or irreversible".to_owned())
}

fn step(text: &str) -> Result<StepRequest, String> {
    let mut parts = text.split(':');
    let mut number = |unit: char| Some(parts.next()?.trim_end_matches(unit));
    let (weight, seconds) = (number('%'), number('s'));
    let pause = match (parts.next(), parts.next()) {
        (None, _) => Some(false),
        (Some("pause"), None) => Some(true),
        (Some(_), _) => None,
    };
    let parsed = || {
        let (weight, watch_seconds) = (weight?.parse().ok()?, seconds?.parse().ok()?);
        Some(StepRequest { weight, watch_seconds, pause: pause? })
    };
    parsed().ok_or_else(|| "write percent and seconds, as in 5:60 or 50:600:pause".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_schema_changes_are_read() {
        let good = StepRequest { weight: 2.5, watch_seconds: 60, pause: false };
        assert_eq!(step("2.5:60"), Ok(good));
        assert_eq!(step("2.5%:60s"), Ok(good));
        assert_eq!(step("2.5:60:pause"), Ok(StepRequest { pause: true, ..good }));
        for bad in ["", "5", "5:", ":60", "five:60", "5:-1", "5:60:", "5:60:stop", "5:60:pause:"] {
            assert!(step(bad).is_err(), "{bad}");
        }
        assert_eq!(schema("reversible"), Ok(SchemaChange::Reversible));
        assert!(schema("maybe").is_err());
    }
}
