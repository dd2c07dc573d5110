//! What was typed into the start form, and what it means.

use mainstay_core::rollout::{SchemaChange, StartFinding, StartRequest, StepRequest};

use crate::t;
use crate::text;
use crate::ui::form::Mistake;

/// The fields as they were typed; they go back into the form as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub version: String,
    pub plan: String,
    pub change: String,
    /// `none`, `reversible`, `irreversible`.
    pub schema: String,
    /// `yes`: works with both versions; `no`; empty: not chosen, which is no answer.
    pub config: String,
    pub hotfix: bool,
    /// `1% 5 min, 25% 20 min`; empty: the plan's.
    pub steps: String,
    /// `eu-west; eu-central us-east`; empty: the plan's.
    pub waves: String,
    /// `ev-12`; empty: it belongs to none.
    pub event: String,
}

impl Typed {
    /// From a form's fields.
    pub fn read<'a>(text: impl Fn(&str) -> &'a str) -> Self {
        let own = |name: &str| text(name).to_owned();
        Self {
            version: own("version"),
            plan: own("plan"),
            change: own("change"),
            schema: own("schema"),
            config: own("config"),
            hotfix: !text("hotfix").is_empty(),
            steps: own("steps"),
            waves: own("waves"),
            event: own("event"),
        }
    }

    /// As fields of another form; unticked boxes are left out.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let tick = |on: bool| if on { "yes".to_owned() } else { String::new() };
        let pairs = [
            ("version", self.version.clone()),
            ("plan", self.plan.clone()),
            ("change", self.change.clone()),
            ("schema", self.schema.clone()),
            ("config", self.config.clone()),
            ("hotfix", tick(self.hotfix)),
            ("steps", self.steps.clone()),
            ("waves", self.waves.clone()),
            ("event", self.event.clone()),
        ];
        pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// What is asked for; an error: what cannot be read, each with what to write.
    pub fn request(&self, service: &str) -> Result<StartRequest, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let schema = match self.schema.as_str() {
            "" | "none" => SchemaChange::None,
            "reversible" => SchemaChange::Reversible,
            "irreversible" => SchemaChange::Irreversible,
            _ => {
                mistakes.push(Mistake::new("schema", t!("mistake-choice")));
                SchemaChange::None
            }
        };
        let configuration_compatible = match self.config.as_str() {
            "yes" => true,
            "no" => false,
            _ => {
                mistakes.push(Mistake::new("config", t!("mistake-config")));
                false
            }
        };
        let steps = (!self.steps.trim().is_empty()).then(|| steps(&self.steps)).transpose();
        let steps = steps.unwrap_or_else(|part| {
            mistakes.push(Mistake::new("steps", t!("mistake-step", part = part)));
            None
        });
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let some = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        Ok(StartRequest {
            service: service.to_owned(),
            version: self.version.trim().to_owned(),
            plan: some(&self.plan),
            hotfix: self.hotfix,
            change: some(&self.change),
            schema,
            configuration_compatible,
            waves: some(&self.waves).map(|waves| waves_of(&waves)),
            steps,
            event: some(&self.event),
        })
    }
}

/// Reads `1% 5 min, 25% 20 min pause`; an error is the part that is none.
fn steps(text: &str) -> Result<Vec<StepRequest>, String> {
    let parts = text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| step(part).ok_or_else(|| part.chars().take(40).collect())).collect()
}

fn step(part: &str) -> Option<StepRequest> {
    let (weight, time) = part.split_once(['%', ' '])?;
    let time = time.trim_start_matches(['%', ' ']).trim();
    let digits: String = time.chars().take_while(char::is_ascii_digit).collect();
    let n: u32 = digits.parse().ok()?;
    let (unit, rest) = match time[digits.len()..].trim().split_once(' ') {
        Some((unit, rest)) => (unit, rest.trim()),
        None => (time[digits.len()..].trim(), ""),
    };
    let pause = match rest {
        "" => false,
        "pause" | "pausa" | "пауза" => true,
        _ => return None,
    };
    let seconds = match unit {
        "s" | "с" => 1,
        "min" | "m" | "мин" => 60,
        "h" | "ч" => 3_600,
        _ => return None,
    };
    let weight: f64 = weight.trim().parse().ok().filter(|weight: &f64| weight.is_finite())?;
    Some(StepRequest { weight, watch_seconds: n.checked_mul(seconds)?, pause })
}

/// Waves apart by semicolons, their regions by commas or spaces.
fn waves_of(text: &str) -> Vec<Vec<String>> {
    let regions = |wave: &str| {
        let names = wave.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    };
    text.trim_end_matches(';').split([';', '\n']).map(regions).collect()
}

/// Which field a finding belongs to, and its sentence.
pub fn mistake(finding: &StartFinding) -> Mistake {
    let field = match finding {
        StartFinding::UnknownService { .. }
        | StartFinding::Retired { .. }
        | StartFinding::PlacedNowhere { .. }
        | StartFinding::Busy { .. }
        | StartFinding::NoVersion { .. }
        | StartFinding::UnknownVersion { .. }
        | StartFinding::SameVersion { .. }
        | StartFinding::Quarantined { .. }
        | StartFinding::BenchRunning { .. }
        | StartFinding::BenchFailed { .. }
        | StartFinding::BenchNotMade { .. }
        | StartFinding::BenchExpired { .. }
        | StartFinding::BenchChanged { .. } => "version",
        StartFinding::UnknownPlan { .. } => "plan",
        StartFinding::NoSteps
        | StartFinding::TooManySteps { .. }
        | StartFinding::StepsForRolling { .. }
        | StartFinding::WeightOutOfRange { .. }
        | StartFinding::WeightNotGrowing { .. }
        | StartFinding::WatchOutOfRange { .. } => "steps",
        StartFinding::UnknownRegion { .. }
        | StartFinding::NotInRegion { .. }
        | StartFinding::RegionTwice { .. }
        | StartFinding::EmptyWave { .. } => "waves",
        StartFinding::ChangeTooLong => "change",
        StartFinding::UnknownEvent { .. }
        | StartFinding::NeedsEvent { .. }
        | StartFinding::EventOver { .. }
        | StartFinding::EventElsewhere { .. }
        | StartFinding::EventVersion { .. }
        | StartFinding::EventTime { .. }
        | StartFinding::CheckOpen { .. } => "event",
    };
    Mistake::new(field, text::sentence(finding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_as_people_write_them() {
        let read = |text: &str| {
            let found = steps(text).map_err(|part| format!("bad: {part}"))?;
            let parts = found.iter().map(|step| (step.weight, step.watch_seconds, step.pause));
            Ok::<_, String>(parts.collect::<Vec<_>>())
        };
        assert_eq!(read("1% 5 min, 25 20min"), Ok(vec![(1.0, 300, false), (25.0, 1_200, false)]));
        let typed = "0.5% 90s pause\n100% 1 h";
        assert_eq!(read(typed), Ok(vec![(0.5, 90, true), (100.0, 3_600, false)]));
        for bad in
            ["five", "5%", "5% soon", "5% 10", "-% 5 min", "5% 99999999999 s", "5% 5 min or so"]
        {
            assert_eq!(read(bad), Err(format!("bad: {bad}")), "{bad}");
        }
    }

    #[test]
    fn the_configuration_is_declared_and_never_taken_for_granted() {
        for (config, declared) in [("yes", Some(true)), ("no", Some(false)), ("", None)] {
            let typed = Typed { config: config.to_owned(), ..Typed::default() };
            match (typed.request("feed"), declared) {
                (Ok(request), Some(both)) => assert_eq!(request.configuration_compatible, both),
                (Err(mistakes), None) => assert_eq!(mistakes[0].field, "config"),
                (other, _) => panic!("{config}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_was_typed_comes_back_as_it_was() {
        let body = "version=1.1.0&change=CHG+1&schema=reversible&config=yes&steps=1%25+5+min";
        let pairs: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let get = |name: &str| {
            pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
        };
        let typed = Typed::read(get);
        let request = typed.request("feed").expect("it is whole");
        assert_eq!(request.change.as_deref(), Some("CHG 1"));
        assert!(request.configuration_compatible && !request.hotfix);
        let again = typed.pairs();
        let again = Typed::read(|name| {
            again.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str())
        });
        assert_eq!(again, typed);
        let waves = waves_of("eu-west; eu-central, us-east;");
        assert_eq!(waves, [vec!["eu-west"], vec!["eu-central", "us-east"]]);
    }
}
