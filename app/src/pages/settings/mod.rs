//! Settings: one's own profile, users, API tokens, agents, channels of notifications, pipelines.
//!
//! Owns what these pages share: the links between them, the editor of roles, and the sentence for
//! every mistake in a form.

pub mod agents;
pub mod fleet;
pub mod grants;
pub mod notifications;
pub mod pipelines;
pub mod profile;
pub mod security;
pub mod store;
pub mod tokens;
pub mod user;
pub mod users;

use leptos::prelude::*;
use mainstay_core::access::{FieldMistake, Mistake};

use super::sign_in::Trouble;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::form;
use crate::ui::link::{Segment, segments};

/// Which page of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Profile,
    Security,
    Users,
    Tokens,
    Agents,
    Notifications,
    Pipelines,
    Fleet,
    Store,
}

/// The links between the pages of the settings.
pub fn sections(current: Section) -> AnyView {
    let links = [
        (Section::Profile, paths::SETTINGS_PROFILE),
        (Section::Security, paths::SETTINGS_SECURITY),
        (Section::Users, paths::SETTINGS_USERS),
        (Section::Tokens, paths::SETTINGS_TOKENS),
        (Section::Agents, paths::SETTINGS_AGENTS),
        (Section::Notifications, paths::SETTINGS_NOTIFY),
        (Section::Pipelines, paths::SETTINGS_PIPELINES),
        (Section::Fleet, paths::SETTINGS_FLEET),
        (Section::Store, paths::SETTINGS_STORE),
    ];
    let links = links.into_iter().map(|(section, href)| Segment {
        href: href.to_owned(),
        label: title(section),
        current: section == current,
    });
    let links = segments(t!("settings-label"), links.collect());
    view! { <div class="tabs">{links}</div> }.into_any()
}

/// The name of a page.
pub fn title(section: Section) -> String {
    match section {
        Section::Profile => t!("settings-profile"),
        Section::Security => t!("settings-security"),
        Section::Users => t!("settings-users"),
        Section::Tokens => t!("settings-tokens"),
        Section::Agents => t!("settings-agents"),
        Section::Notifications => t!("settings-notifications"),
        Section::Pipelines => t!("settings-pipelines"),
        Section::Fleet => t!("settings-fleet"),
        Section::Store => t!("settings-store"),
    }
}

/// Why nothing was done, where it is not a matter of what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone<'a> {
    /// Somebody else was first.
    Changed { name: &'a str },
    /// Nobody would be left who manages access.
    LastAdmin { name: &'a str },
    /// Too many tries.
    Wait { seconds: u32 },
    /// Too many people at once.
    Busy,
    /// An identity was not linked.
    NotLinked { trouble: Trouble },
}

impl NotDone<'_> {
    /// What and why.
    pub fn words(self) -> (String, String) {
        match self {
            Self::Changed { name } => (t!("conflict-title"), t!("conflict-detail", name = name)),
            Self::LastAdmin { name } => {
                (t!("last-admin-title"), t!("last-admin-detail", name = name))
            }
            Self::Wait { seconds } => {
                let count = text::number(seconds);
                (t!("not-now-title"), t!("sign-in-wait", n = seconds, count = count))
            }
            Self::Busy => (t!("not-now-title"), t!("sign-in-busy")),
            Self::NotLinked { trouble } => {
                let detail = match trouble {
                    Trouble::ProviderAway => t!("identity-away"),
                    Trouble::ProviderRefused => t!("identity-refused"),
                    Trouble::Over => t!("mistake-over"),
                    Trouble::Wrong
                    | Trouble::Passkey
                    | Trouble::Used
                    | Trouble::Wait { .. }
                    | Trouble::Busy
                    | Trouble::Away
                    | Trouble::Stranger => trouble.words(),
                };
                (t!("identity-not-linked"), detail)
            }
        }
    }
}

/// What the form before this page did. The word comes from the address, so it chooses one of
/// these sentences and is never shown itself.
pub fn done(word: &str) -> Option<String> {
    Some(match word {
        "profile" => t!("profile-saved"),
        "password" => t!("profile-password-saved"),
        "created" => t!("user-created"),
        "roles" => t!("user-roles-saved"),
        "disabled" => t!("user-was-disabled"),
        "enabled" => t!("user-was-enabled"),
        "reset" => t!("user-reset-done"),
        "factors-reset" => t!("user-factors-reset-done"),
        "app-removed" => t!("security-app-removed"),
        "passkey-added" => t!("passkey-added"),
        "passkey-removed" => t!("passkey-removed"),
        "app-added" => t!("security-app-added"),
        "identity-linked" => t!("identity-linked"),
        "identity-removed" => t!("identity-removed"),
        "revoked" => t!("token-revoked"),
        "agent-revoked" => t!("agents-revoked"),
        "going-on" => t!("store-going-on"),
        "channel-created" => t!("notify-done-created"),
        "channel-changed" => t!("notify-done-changed"),
        "channel-paused" => t!("notify-done-paused"),
        "channel-resumed" => t!("notify-done-resumed"),
        "channel-removed" => t!("notify-done-removed"),
        "pipeline-removed" => t!("pipeline-done-removed"),
        _ => return None,
    })
}

/// The title of a page, which says when its form was refused.
pub fn titled(title: String, mistakes: &[FieldMistake]) -> String {
    if mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

/// The mistakes of a form in words.
pub fn in_words(mistakes: &[FieldMistake]) -> Vec<form::Mistake> {
    mistakes.iter().map(|m| form::Mistake::new(m.field.clone(), sentence(m))).collect()
}

/// What to write instead.
pub fn sentence(mistake: &FieldMistake) -> String {
    let field = field_words(&mistake.field);
    match &mistake.mistake {
        Mistake::Missing => t!("mistake-missing", field = field),
        Mistake::Form if mistake.field.starts_with("grants") => t!("mistake-ids"),
        Mistake::Form if mistake.field == "user" => t!("mistake-form", field = field),
        Mistake::Form => t!("mistake-line", field = field),
        Mistake::TooShort { least } => {
            t!("mistake-short", field = field, n = text::number(*least as u64))
        }
        Mistake::TooLong { most } => {
            t!("mistake-long", field = field, n = text::number(*most as u64))
        }
        Mistake::Taken if mistake.field == "identity" => t!("mistake-identity"),
        Mistake::Taken => t!("mistake-taken", field = field),
        Mistake::WrongPassword => t!("mistake-current"),
        Mistake::SameAsName => t!("mistake-same"),
        Mistake::NoRole => t!("mistake-role"),
        Mistake::BeyondOwner => t!("mistake-beyond"),
        Mistake::UnknownZone => t!("mistake-zone"),
        Mistake::Range { least, most } => {
            t!("mistake-range", least = least.to_string(), most = most.to_string())
        }
        Mistake::UnknownChoice => t!("mistake-choice"),
        Mistake::NotThere if mistake.field.starts_with("grants") => t!("mistake-ids"),
        Mistake::NotThere => t!("mistake-there", field = field),
        Mistake::WrongCode => t!("mistake-code"),
        Mistake::Over => t!("mistake-over"),
        Mistake::NoPasskey => t!("mistake-passkey"),
        Mistake::WebAddress => t!("mistake-web-address"),
        Mistake::Repository => t!("mistake-repository"),
        Mistake::Mailbox => t!("mistake-mailbox"),
        Mistake::NotPublic => t!("mistake-not-public"),
        Mistake::NotEncrypted => t!("mistake-not-encrypted"),
        Mistake::SecretAgain => t!("mistake-secret-again"),
    }
}

fn field_words(field: &str) -> String {
    match field {
        "name" => t!("field-name"),
        "user" => t!("field-user-name"),
        "display_name" => t!("field-display-name"),
        "password" => t!("field-password"),
        "current" => t!("field-current"),
        "minutes" => t!("field-minutes"),
        "days" => t!("field-days"),
        "time_zone" => t!("field-time-zone"),
        "passkey_name" => t!("field-passkey-name"),
        "datacenter" | "datacenters" => t!("field-datacenter"),
        "groups" => t!("field-group"),
        "url" => t!("field-address"),
        "host" => t!("field-server"),
        "port" => t!("field-port"),
        "from" | "to" => t!("field-mailbox"),
        "secret" => t!("field-secret"),
        "below" => t!("field-address"),
        grants if grants.starts_with("grants") => t!("field-ids"),
        _ => t!("field-value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_says_what_to_write() {
        let cases = [
            (
                "user",
                Mistake::Form,
                "Write the user name with a to z, 0 to 9 and single hyphens only, beginning with a \
                 letter.",
            ),
            (
                "password",
                Mistake::TooShort { least: 12 },
                "Write a password of at least 12 characters.",
            ),
            ("days", Mistake::Range { least: 1, most: 90 }, "Write a number from 1 to 90."),
            ("grants-2", Mistake::Form, "Write ids as the fleet has them, separated by commas."),
            ("name", Mistake::Taken, "This name is taken. Write another one."),
            ("datacenter", Mistake::NotThere, "Choose a data centre that the fleet has."),
        ];
        for (field, mistake, words) in cases {
            assert_eq!(sentence(&FieldMistake::new(field, mistake)), words);
        }
    }
}
