//! `mainstay rollout pause|resume|promote|promote-fully|abort|roll-back|undo|retry|end`.

use clap::Args;
use mainstay_app::pages::rollout::act::Verb;

use super::status::{Goal, find, wait};
use super::words;
use crate::cli::api::{Server, ServerArgs, Stop, key, part, print, print_json};
use crate::http::rollouts::{Ask, Asked, Why};

#[derive(Args, Debug)]
pub struct AskArgs {
    /// The rollout, as in ro-12, or the service whose newest one is meant.
    #[arg(value_name = "ROLLOUT|SERVICE")]
    pub rollout: String,
    /// The revision that you saw; another one by now is refused, except for what only stops or
    /// takes back.
    #[arg(long, value_name = "N")]
    pub revision: Option<i64>,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct ReasonArgs {
    #[command(flatten)]
    pub ask: AskArgs,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The name of the service: go back although data is lost by it.
    #[arg(long, value_name = "SERVICE")]
    pub confirm: Option<String>,
    /// With --confirm: no second person can be reached; somebody looks at it afterwards.
    #[arg(long, requires = "confirm")]
    pub emergency: bool,
    /// Wait until it is done.
    #[arg(long)]
    pub wait: bool,
}

/// What takes no reason.
pub(super) async fn plain(args: &AskArgs, verb: Verb) -> Result<(), Stop> {
    ask(args, verb, Said::default(), None).await
}

/// What takes a reason.
pub(super) async fn reasoned(args: &ReasonArgs, verb: Verb) -> Result<(), Stop> {
    let goal = match verb {
        Verb::Abort | Verb::RollBack => Goal::RolledBack,
        Verb::Pause
        | Verb::Resume
        | Verb::Promote
        | Verb::PromoteFully
        | Verb::Undo
        | Verb::Retry
        | Verb::End => Goal::Promoted,
    };
    let said = Said {
        reason: args.reason.clone(),
        confirm: args.confirm.clone(),
        emergency: args.emergency,
    };
    ask(&args.ask, verb, said, args.wait.then_some(goal)).await
}

/// Tells why a version was taken back.
pub(super) async fn explain(args: &ReasonArgs) -> Result<(), Stop> {
    let server = Server::new(&args.ask.server)?;
    let id = find(&server, part(&args.ask.rollout)?).await?;
    let reason = args.reason.clone().unwrap_or_default();
    let why = Why { reason, key: Some(key(args.ask.key.as_deref())) };
    let () = server.post(&format!("/rollouts/{id}/do/add-reason"), &why).await?;
    match args.ask.server.json {
        true => print_json(&why),
        false => print(&format!("{id}: {}\n", why.reason)),
    }
    Ok(())
}

/// What goes with it.
#[derive(Default)]
struct Said {
    reason: Option<String>,
    confirm: Option<String>,
    emergency: bool,
}

async fn ask(
    args: &AskArgs,
    verb: Verb,
    Said { reason, confirm, emergency }: Said,
    goal: Option<Goal>,
) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let body = Ask {
        key: Some(key(args.key.as_deref())),
        revision: args.revision,
        reason,
        confirm,
        emergency,
        ..Ask::default()
    };
    let named = part(&args.rollout)?;
    let is_rollout = named.parse::<mainstay_core::rollout::RolloutId>().is_ok();
    let path = match (verb, is_rollout) {
        // Whatever runs of the service, or made its stable version.
        (Verb::RollBack, false) => format!("/services/{named}/do/roll-back"),
        _ => format!("/rollouts/{}/do/{}", find(&server, named).await?, verb.name()),
    };
    let Asked { rollout } = server.post(&path, &body).await?;
    if let Some(goal) = goal {
        return wait(&server, rollout.id, goal, args.server.json).await;
    }
    match args.server.json {
        true => print_json(&rollout),
        false => print(&format!("{}: {}\n", rollout.id, words::state(&rollout))),
    }
    Ok(())
}
