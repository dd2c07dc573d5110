//! The bounds of the protocol. Both sides keep them: a sender never exceeds one, a receiver
//! refuses what does.

use std::time::Duration;

/// Largest message of the protocol, encoded; also set on the gRPC codec of both sides.
pub const MESSAGE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Instances in one report, and instances named as gone.
pub const INSTANCES_MAX: usize = 20_000;
/// Deployments in one report, services named as gone, and accepted tokens in a hello.
pub const SERVICES_MAX: usize = 5_000;
/// Finished commands in a hello.
pub const JOURNAL_TAIL_MAX: usize = 256;
/// Version of a service or of a program, bytes.
pub const VERSION_MAX_BYTES: usize = 128;
/// Explanation of a failure, bytes. Writers cut what is longer.
pub const MESSAGE_TEXT_MAX_BYTES: usize = 500;
/// Endpoint, handle and template, bytes.
pub const LABEL_MAX_BYTES: usize = 256;
/// Idempotency key of a command, bytes.
pub const COMMAND_ID_MAX_BYTES: usize = 64;
/// Program and arguments of a service, count.
pub const COMMAND_PARTS_MAX: usize = 64;
/// One argument of a service's command, bytes.
pub const COMMAND_PART_MAX_BYTES: usize = 4_096;
/// Path of a health check, bytes.
pub const HEALTH_PATH_MAX_BYTES: usize = 512;
/// Tests in one report.
pub const TESTS_MAX: usize = 256;
/// Work on databases in one report, and databases.
pub const WORKS_MAX: usize = 256;
pub const DATABASES_MAX: usize = 64;
/// What is told of one piece of work or of one database, JSON, bytes.
pub const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Id of a test, bytes.
pub const TEST_ID_MAX_BYTES: usize = 64;
/// Text that a check looks for in an answer, bytes.
pub const CONTAINS_MAX_BYTES: usize = 1_024;
/// Requests a second of one check, and how long it may last.
pub const LOAD_RATE: std::ops::RangeInclusive<u32> = 1..=10_000;
pub const LOAD_SECONDS: std::ops::RangeInclusive<u32> = 1..=3_600;
/// A certificate or a signing request as PEM, bytes.
pub const PEM_MAX_BYTES: usize = 16 * 1024;
/// A join token, bytes.
pub const JOIN_TOKEN_MAX_BYTES: usize = 256;
/// A signed checkpoint of the audit log, bytes.
pub const NOTE_MAX_BYTES: usize = 4 * 1024;
/// Hashes in a consistency proof: two for each level of a tree of 2^64 leaves, rounded up.
pub const CONSISTENCY_MAX: usize = 130;
/// Earliest and latest moment a message may name, Unix time in milliseconds: 2000 to 2200.
pub const MOMENT_MS: std::ops::RangeInclusive<i64> = 946_684_800_000..=7_258_118_400_000;
/// Fastest and slowest reporting a server may ask for.
pub const REPORT_PERIOD: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(60);
