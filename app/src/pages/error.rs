//! Error pages: what was not done, why, what is still true, what to do, and the reference.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::t;
use crate::ui::badge::state;
use crate::ui::button::{Weight, link_button};
use crate::ui::head::{PageHead, page_head};
use crate::ui::tone::Tone;
use crate::{past, paths, text};

/// Characters shown of what should have been a moment.
const MOMENT_CHARS: usize = 40;

fn utc(at: DateTime<Utc>) -> String {
    t!("utc", time = text::full(at))
}

/// What went wrong, with what the page needs to say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// 401. `next` is the address to come back to.
    SignIn { next: String },
    /// 403, with the reason from [`crate::text::refusal`].
    Refused { reason: String },
    /// 403: the form's token was missing or old, or it came from another site.
    Forgery,
    /// 404.
    NotFound { path: String },
    /// 410: what it was, and what is known of its end.
    Gone { what: String, detail: String },
    /// 404: nobody wrote down what ran where at that moment. The links lead to the same page at
    /// the last moment before that is known, and at the first after.
    Unrecorded { at: String, before: Option<Link>, after: Option<Link> },
    /// 405, with the methods that the address takes.
    Method { methods: String },
    /// 408: the body did not arrive in this time.
    Slow { seconds: u64 },
    /// 409: what was not done and why.
    Conflict { detail: String },
    /// 413.
    TooLarge { limit: String },
    /// 422: what the request lacked.
    Unfit { detail: String },
    /// 429.
    TooMany,
    /// 500.
    Broken,
    /// 503: it is not known whether it was done.
    Late,
    /// 503: the state store does not answer.
    StoreAway,
    /// Any other status, with its sentence.
    Other { status: u16, detail: String },
}

/// Where to go instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub href: String,
    pub words: String,
}

impl Failure {
    /// A page as of a moment at which nobody wrote: `before` and `after` are the nearest that are
    /// known.
    pub fn unrecorded(
        address: &str,
        at: DateTime<Utc>,
        before: Option<DateTime<Utc>>,
        after: Option<DateTime<Utc>>,
    ) -> Self {
        let link = |at: DateTime<Utc>, words: String| Link {
            href: past::as_of(address, Some(&past::moment(at))),
            words,
        };
        Self::Unrecorded {
            at: utc(at),
            before: before.map(|at| link(at, t!("unrecorded-before", at = utc(at)))),
            after: after.map(|at| link(at, t!("unrecorded-after", at = utc(at)))),
        }
    }

    /// A moment that cannot be read, or has not come yet.
    pub fn no_moment(asked: &str, ahead: Option<DateTime<Utc>>) -> Self {
        let value: String = asked.chars().take(MOMENT_CHARS).collect();
        let detail = match ahead {
            Some(at) => t!("moment-ahead", at = utc(at)),
            None => t!("moment-unreadable", value = value),
        };
        Self::Unfit { detail }
    }

    pub const fn status_code(&self) -> u16 {
        match self {
            Self::SignIn { .. } => 401,
            Self::Refused { .. } | Self::Forgery => 403,
            Self::NotFound { .. } | Self::Unrecorded { .. } => 404,
            Self::Method { .. } => 405,
            Self::Slow { .. } => 408,
            Self::Conflict { .. } => 409,
            Self::Gone { .. } => 410,
            Self::TooLarge { .. } => 413,
            Self::Unfit { .. } => 422,
            Self::TooMany => 429,
            Self::Broken => 500,
            Self::Late | Self::StoreAway => 503,
            Self::Other { status, .. } => *status,
        }
    }

    /// The title, and the sentences under it.
    fn words(&self) -> (String, String) {
        match self {
            Self::SignIn { .. } => (t!("error-401"), t!("error-401-detail")),
            Self::Refused { reason } => (t!("no-permission"), reason.clone()),
            Self::Forgery => (t!("error-forgery"), t!("error-forgery-detail")),
            Self::NotFound { path } => {
                (t!("error-404"), t!("error-404-detail", path = path.as_str()))
            }
            Self::Unrecorded { at, .. } => {
                (t!("unrecorded"), t!("unrecorded-detail", at = at.as_str()))
            }
            Self::Method { methods } => {
                (t!("error-405"), t!("error-405-detail", methods = methods.as_str()))
            }
            Self::Slow { seconds } => {
                (t!("error-408"), t!("error-408-detail", seconds = seconds.to_string()))
            }
            Self::Gone { what, detail } => (t!("error-410", what = what.as_str()), detail.clone()),
            Self::Conflict { detail } => (t!("error-409"), detail.clone()),
            Self::TooLarge { limit } => {
                (t!("error-413"), t!("error-413-detail", limit = limit.as_str()))
            }
            Self::Unfit { detail } => (t!("error-422"), detail.clone()),
            Self::TooMany => (t!("error-429"), t!("error-429-detail")),
            Self::Broken => (t!("error-500"), t!("error-500-detail")),
            Self::Late => (t!("error-late"), t!("error-late-detail")),
            Self::StoreAway => (t!("error-503"), t!("error-503-detail")),
            Self::Other { detail, .. } => (t!("error-400"), detail.clone()),
        }
    }

    fn tone(&self) -> Tone {
        match self {
            Self::Broken => Tone::Crit,
            Self::Conflict { .. }
            | Self::Forgery
            | Self::Late
            | Self::Method { .. }
            | Self::Other { .. }
            | Self::Slow { .. }
            | Self::TooLarge { .. }
            | Self::Unfit { .. } => Tone::Warn,
            Self::SignIn { .. }
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::Gone { .. }
            | Self::Unrecorded { .. }
            | Self::TooMany
            | Self::StoreAway => Tone::Unk,
        }
    }
}

pub fn title(failure: &Failure) -> String {
    failure.words().0.trim_end_matches('.').to_owned()
}

/// The page of a failure; `reference` is the request's id.
pub fn view(failure: &Failure, reference: Option<&str>) -> AnyView {
    let (fact, detail) = failure.words();
    let code = failure.status_code().to_string();
    let reference = reference.map(|r| t!("error-reference", reference = r));
    let action = match failure {
        Failure::SignIn { next } => {
            link_button(Weight::Primary, paths::sign_in(next), t!("sign-in"))
        }
        Failure::NotFound { .. } | Failure::Gone { .. } => view! {
            {link_button(Weight::Plain, paths::FIND, t!("find-label"))}
            {link_button(Weight::Plain, paths::OVERVIEW, t!("nav-overview"))}
        }
        .into_any(),
        Failure::Unrecorded { before, after, .. } => {
            let link =
                |link: &Link| link_button(Weight::Plain, link.href.clone(), link.words.clone());
            let (before, after) = (before.as_ref().map(link), after.as_ref().map(link));
            view! { {before}{after} }.into_any()
        }
        Failure::Refused { .. }
        | Failure::Forgery
        | Failure::Late
        | Failure::Method { .. }
        | Failure::Other { .. }
        | Failure::Slow { .. }
        | Failure::Conflict { .. }
        | Failure::TooLarge { .. }
        | Failure::Unfit { .. }
        | Failure::TooMany
        | Failure::Broken
        | Failure::StoreAway => link_button(Weight::Plain, paths::OVERVIEW, t!("nav-overview")),
    };
    let head = page_head(PageHead { title: title(failure), ..PageHead::default() });
    view! {
        {head}
        <section class="card">
            <div class="pad block">
                <p>{state(failure.tone(), fact)}</p>
                <p class="second">{detail}</p>
                <p class="acts">{action}</p>
                <p class="muted">{code}{reference.map(|r| format!(". {r}"))}</p>
            </div>
        </section>
    }
    .into_any()
}
