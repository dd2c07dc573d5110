//! Recorded lines, told to a whole server over TLS as an edge tells them, and what that costs it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use envoy_types::pb::envoy::service::accesslog::v3::access_log_service_client as log_client;
use envoy_types::pb::envoy::service::accesslog::v3::stream_access_logs_message::LogEntries;
use envoy_types::pb::google::protobuf::Timestamp;
use mainstay_tests::agent::{channel, join};
use mainstay_tests::{Setup, Visitor, World, programs, until};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::tap::{Message, lines};
use crate::Plan;
use crate::machine::{CpuWatch, memory};
use crate::report::{Limit, Report};

/// The edge that tells the lines.
pub const EDGE: &str = "recorded";
const DATACENTER: &str = "fra1";
const DECLARED: &str = "\n[[edge]]\nid = \"recorded\"\nregion = \"eu-central\"\n\
                        datacenter = \"fra1\"\n";
/// Messages on their way from the bench to its connection.
const QUEUE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(120);
const MB: f64 = 1e6;

pub async fn measure(recorded: &[Message], plan: &Plan, report: &mut Report) -> Result<()> {
    let dir = tempfile::Builder::new().prefix("mainstay-bench-").tempdir()?;
    let fleet = dir.path().join("fleet.toml");
    fs::write(&fleet, fs::read_to_string(programs::fleet("small.toml"))? + DECLARED)?;
    let setup = Setup { fleet_file: Some(fleet), own_database: true, ..Setup::default() };
    let mut world = World::start_with(setup).await?;
    let edge = as_edge(&world).await?;
    let visitor = world.sign_in("viewer").await?;
    let server = world.server()?.id();
    let before = memory(server)?;
    let watch = CpuWatch::start(&[server])?;
    let told = tell(edge, recorded, plan.log_lines).await?;
    let mut counted = 0.0;
    let all = until("every line is counted", PATIENCE, async || {
        counted = requests(&visitor).await.ok()?;
        (counted >= told as f64).then_some(())
    })
    .await;
    all.with_context(|| format!("{counted} of {told} lines were counted"))?;
    if counted > told as f64 {
        bail!("{counted} lines were counted, and {told} told");
    }
    let used = watch.end()?;
    let after = memory(server)?;
    let how = format!(
        "{told} lines of a real Envoy, told again over TLS to `mainstay serve`; its CPU {:.1} s \
         with everything up to the database, whose own is not in it; {:.0} lines a second by the \
         clock",
        used.seconds,
        told as f64 / used.elapsed.as_secs_f64()
    );
    let rate = told as f64 / used.seconds;
    report.add("access log: taken in on one core", Limit::None, rate, "lines/s", how);
    let how = format!("RSS after these lines, {:.1} MB before", before.rss as f64 / MB);
    let name = "access log: the server's memory";
    report.add(name, Limit::None, after.rss as f64 / MB, "MB", how);
    Ok(())
}

/// A connection with the certificate of the edge's data centre.
async fn as_edge(world: &World) -> Result<Channel> {
    let tokens: Value = serde_json::from_str(&fs::read_to_string(world.tokens_file())?)?;
    let token = tokens[DATACENTER].as_str().context("there is a join token")?;
    let papers = join(world, token, DATACENTER).await?;
    channel(world, Some(&papers)).await
}

/// Tells at least so many lines; how many it were, when the server has read all.
async fn tell(edge: Channel, recorded: &[Message], wanted: u64) -> Result<u64> {
    let each: u64 = recorded.iter().map(lines).sum();
    if each == 0 || recorded[0].identifier.is_none() {
        bail!("what was recorded does not begin with who tells it");
    }
    let (queue, messages) = mpsc::channel(QUEUE);
    let recorded = recorded.to_vec();
    let feeder = tokio::spawn(async move {
        let mut told = 0;
        while told < wanted {
            let now = Utc::now();
            for message in &recorded {
                if queue.send(at(message.clone(), now)).await.is_err() {
                    return told;
                }
            }
            told += each;
        }
        told
    });
    let mut client = log_client::AccessLogServiceClient::new(edge);
    client.stream_access_logs(ReceiverStream::new(messages)).await?;
    Ok(feeder.await?)
}

/// The same lines, as if of now.
fn at(mut message: Message, now: DateTime<Utc>) -> Message {
    let (seconds, nanos) = (now.timestamp(), now.timestamp_subsec_nanos());
    let now = Timestamp { seconds, nanos: i32::try_from(nanos).unwrap_or_default() };
    if let Some(LogEntries::HttpLogs(logs)) = &mut message.log_entries {
        for common in logs.log_entry.iter_mut().filter_map(|it| it.common_properties.as_mut()) {
            common.start_time = Some(now);
        }
    }
    message
}

/// All requests of users that the server has counted; those for its own pages have no service.
async fn requests(visitor: &Visitor) -> Result<f64> {
    let text = visitor.page("/metrics").await?;
    let values =
        text.lines().filter(|line| line.starts_with("mainstay_edge_requests_total{service="));
    let values = values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    Ok(values.sum())
}
