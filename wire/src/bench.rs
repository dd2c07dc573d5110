//! Tests, their checks and what came of them.

use mainstay_core::bench::{CHECKS_MAX, Check, CheckResult, On, Test, TestReport, TestState};
use mainstay_core::deployment::Track;
use mainstay_core::id::ServiceId;

use crate::command::{deploy_of, path, spec_from};
use crate::error::{Problem, WireError, cut, each, id, label, line, present};
use crate::estate::moment;
use crate::limits::{
    CONTAINS_MAX_BYTES, LOAD_RATE, LOAD_SECONDS, MESSAGE_TEXT_MAX_BYTES, TEST_ID_MAX_BYTES,
    VERSION_MAX_BYTES,
};
use crate::proto;

impl TryFrom<proto::Test> for Test {
    type Error = WireError;

    fn try_from(m: proto::Test) -> Result<Self, WireError> {
        use proto::test::On as Wire;
        let on = match present("on", m.on)? {
            Wire::Staging(spec) => {
                On::Staging { spec: spec_from(spec).map_err(|e| e.inside("staging"))? }
            }
            Wire::Instance(instance) => On::Instance { instance: id("instance", &instance)? },
        };
        let checks = each("checks", m.checks, CHECKS_MAX, Check::try_from)?;
        if checks.is_empty() {
            // A test of nothing would pass.
            return Err(WireError::new("checks", Problem::Missing));
        }
        Ok(Self { id: label("id", m.id, TEST_ID_MAX_BYTES)?, on, checks })
    }
}

/// The message of a test of a service.
pub(crate) fn test_of(service: &ServiceId, test: &Test) -> proto::Test {
    use proto::test::On as Wire;
    proto::Test {
        service: service.to_string(),
        id: test.id.clone(),
        on: Some(match &test.on {
            On::Staging { spec } => Wire::Staging(deploy_of(service, Track::Blue, spec)),
            On::Instance { instance } => Wire::Instance(instance.to_string()),
        }),
        checks: test.checks.iter().map(Into::into).collect(),
    }
}

impl TryFrom<proto::Check> for Check {
    type Error = WireError;

    fn try_from(m: proto::Check) -> Result<Self, WireError> {
        use proto::check::Kind;
        match present("kind", m.kind)? {
            Kind::Http(m) => http(m).map_err(|e| e.inside("http")),
            Kind::Load(m) => load(m).map_err(|e| e.inside("load")),
        }
    }
}

fn http(m: proto::HttpCheck) -> Result<Check, WireError> {
    let contains = m.contains.map(|text| line("contains", text, CONTAINS_MAX_BYTES));
    Ok(Check::Http {
        path: path("path", m.path)?,
        status: within("status", m.status, &(100..=999), "the HTTP status codes 100 to 999")?,
        contains: contains.transpose()?,
    })
}

fn load(m: proto::LoadCheck) -> Result<Check, WireError> {
    let rate = m.requests_per_second;
    Ok(Check::Load {
        path: path("path", m.path)?,
        requests_per_second: within("requests_per_second", rate, &LOAD_RATE, "1 to 10,000")?,
        seconds: within("seconds", m.seconds, &LOAD_SECONDS, "1 to 3,600")?,
        error_max_bp: within("error_max_bp", m.error_max_bp, &(0..=10_000), "0 to 10,000")?,
        p95_max_ms: m.p95_max_ms,
    })
}

fn within<T: TryFrom<u32>>(
    field: &str,
    number: u32,
    range: &std::ops::RangeInclusive<u32>,
    expected: &'static str,
) -> Result<T, WireError> {
    let fits = T::try_from(number).ok().filter(|_| range.contains(&number));
    let found = || number.to_string();
    fits.ok_or_else(|| WireError::new(field, Problem::OutOfRange { found: found(), expected }))
}

impl From<&Check> for proto::Check {
    fn from(check: &Check) -> Self {
        use proto::check::Kind;
        let kind = match check {
            Check::Http { path, status, contains } => Kind::Http(proto::HttpCheck {
                path: path.clone(),
                status: (*status).into(),
                contains: contains.clone(),
            }),
            Check::Load { path, requests_per_second, seconds, error_max_bp, p95_max_ms } => {
                Kind::Load(proto::LoadCheck {
                    path: path.clone(),
                    requests_per_second: *requests_per_second,
                    seconds: (*seconds).into(),
                    error_max_bp: (*error_max_bp).into(),
                    p95_max_ms: *p95_max_ms,
                })
            }
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<proto::TestReport> for TestReport {
    type Error = WireError;

    fn try_from(m: proto::TestReport) -> Result<Self, WireError> {
        use proto::test_report::State;
        let state = match present("state", m.state)? {
            State::Running(true) => TestState::Running,
            State::Passed(true) => TestState::Passed,
            State::Failed(true) => TestState::Failed,
            State::Running(false) | State::Passed(false) | State::Failed(false) => {
                let form = Problem::Form("true (another state is told by its own field)");
                return Err(WireError::new("state", form));
            }
            State::NotMade(message) => {
                TestState::NotMade { message: line("not_made", message, MESSAGE_TEXT_MAX_BYTES)? }
            }
        };
        let results = each("results", m.results, CHECKS_MAX, CheckResult::try_from)?;
        let held = !results.is_empty() && results.iter().all(|result| result.passed);
        if state == TestState::Passed && !held {
            let form = Problem::Form("failed (not every check of it held)");
            return Err(WireError::new("state", form));
        }
        Ok(Self {
            id: label("id", m.id, TEST_ID_MAX_BYTES)?,
            service: id("service", &m.service)?,
            version: label("version", m.version, VERSION_MAX_BYTES)?,
            state,
            started_at: moment("started_at_ms", m.started_at_ms)?,
            ended_at: m.ended_at_ms.map(|ms| moment("ended_at_ms", ms)).transpose()?,
            results,
        })
    }
}

impl From<&TestReport> for proto::TestReport {
    fn from(report: &TestReport) -> Self {
        use proto::test_report::State;
        Self {
            id: report.id.clone(),
            service: report.service.to_string(),
            version: report.version.clone(),
            state: Some(match &report.state {
                TestState::Running => State::Running(true),
                TestState::Passed => State::Passed(true),
                TestState::Failed => State::Failed(true),
                TestState::NotMade { message } => {
                    State::NotMade(cut(message, MESSAGE_TEXT_MAX_BYTES))
                }
            }),
            started_at_ms: report.started_at.timestamp_millis(),
            ended_at_ms: report.ended_at.map(|at| at.timestamp_millis()),
            results: report.results.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<proto::CheckResult> for CheckResult {
    type Error = WireError;

    fn try_from(m: proto::CheckResult) -> Result<Self, WireError> {
        Ok(Self {
            check: present("check", m.check)?
                .try_into()
                .map_err(|e: WireError| e.inside("check"))?,
            passed: m.passed,
            seen: line("seen", m.seen, MESSAGE_TEXT_MAX_BYTES)?,
        })
    }
}

impl From<&CheckResult> for proto::CheckResult {
    fn from(result: &CheckResult) -> Self {
        Self {
            check: Some((&result.check).into()),
            passed: result.passed,
            seen: cut(&result.seen, MESSAGE_TEXT_MAX_BYTES),
        }
    }
}
