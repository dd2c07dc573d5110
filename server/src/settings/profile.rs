//! One's own profile and password.

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::response::Response;
use mainstay_app::pages::settings::profile::{
    self, ProfileData, ProfileForm, density_key, language_key, theme_key,
};
use mainstay_app::pages::settings::{Section, title};
use mainstay_app::paths;
use mainstay_control::access::PASSWORD_MIN_CHARS;
use mainstay_core::access::{
    Density, FieldMistake, Language, Mistake, Permission, Preferences, Theme,
};
use mainstay_core::audit::Action;

use super::form::Fields;
use super::{Refused, done};
use crate::http::page::{Context, Frame};
use crate::policy::Routes;
use crate::session::ABSOLUTE_HOURS;
use crate::sign_in::client;
use crate::viewer::{Via, Viewer};

pub(super) fn routes() -> Routes {
    let own = Permission::OwnAccount;
    Routes::new()
        .get(own, paths::SETTINGS_PROFILE, page)
        .get(own, "/api/v1/me", page)
        .post(own, Action::ProfileChange, paths::SETTINGS_PROFILE, save)
        .post(own, Action::PasswordChange, paths::SETTINGS_PASSWORD, change_password)
}

/// Who you are and what you may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "access",
    responses((status = 200, body = ProfileData)))]
pub(super) async fn page(context: Context, viewer: Viewer) -> Response {
    let form = ProfileForm::of(&viewer.user, &viewer.preferences);
    show(&context, &viewer, Refused::nothing(&context), form)
}

fn show(context: &Context, viewer: &Viewer, refused: Refused, form: ProfileForm) -> Response {
    let mut frame = Frame::new(refused.titled(title(Section::Profile)), Vec::new());
    frame.message = refused.message;
    let data = ProfileData {
        name: viewer.user.name.clone(),
        display_name: viewer.user.display_name.clone(),
        grants: viewer.grants.clone(),
        preferences: viewer.preferences.clone(),
        form: ProfileForm { mistakes: refused.mistakes, ..form },
        csrf: viewer.form_token().to_owned(),
        password_min: PASSWORD_MIN_CHARS,
        session_hours: ABSOLUTE_HOURS,
    };
    context.page_as(refused.status, frame, &data, || profile::view(&data))
}

async fn save(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let form = ProfileForm {
        display_name: fields.text("display_name").to_owned(),
        theme: fields.text("theme").to_owned(),
        density: fields.text("density").to_owned(),
        language: fields.text("language").to_owned(),
        time_zone: fields.text("time_zone").to_owned(),
        keys: fields.ticked("keys"),
        nav_collapsed: fields.ticked("nav_collapsed"),
        mistakes: Vec::new(),
    };
    let (by, name) = (context.by(&viewer), &viewer.user.name);
    let access = &context.state.control.access;
    let saved = match preferences(&form) {
        Ok(preferences) => access.change_profile(&by, name, &form.display_name, &preferences).await,
        Err(mistakes) => {
            let object = paths::user(name);
            Err(access.mistaken(&by, Action::ProfileChange, &object, mistakes).await)
        }
    };
    match saved {
        Ok(()) => done(paths::SETTINGS_PROFILE, "profile"),
        Err(error) => match Refused::from_error(&context, error, name.as_str()) {
            Ok(refused) => show(&context, &viewer, refused, form),
            Err(response) => *response,
        },
    }
}

fn preferences(form: &ProfileForm) -> Result<Preferences, Vec<FieldMistake>> {
    let themes = [Theme::Auto, Theme::Light, Theme::Dark];
    let theme = themes.into_iter().find(|theme| theme_key(*theme) == form.theme);
    let densities = [Density::Compact, Density::Comfortable];
    let density = densities.into_iter().find(|density| density_key(*density) == form.density);
    let languages = std::iter::once(None).chain(Language::ALL.map(Some));
    let language = languages.into_iter().find(|it| language_key(*it) == form.language);
    let time_zone = form.time_zone.trim().parse().ok();
    match (theme, density, language, time_zone) {
        (Some(theme), Some(density), Some(language), Some(time_zone)) => Ok(Preferences {
            theme,
            density,
            language,
            time_zone,
            keys: form.keys,
            nav_collapsed: form.nav_collapsed,
        }),
        (theme, density, language, time_zone) => {
            let wrong = [
                theme.is_none().then_some(("theme", Mistake::UnknownChoice)),
                density.is_none().then_some(("density", Mistake::UnknownChoice)),
                language.is_none().then_some(("language", Mistake::UnknownChoice)),
                time_zone.is_none().then_some(("time_zone", Mistake::UnknownZone)),
            ];
            let wrong = wrong.into_iter().flatten();
            Err(wrong.map(|(field, mistake)| FieldMistake::new(field, mistake)).collect())
        }
    }
}

async fn change_password(
    context: Context,
    viewer: Viewer,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let passwords = (fields.text("current"), fields.text("password"));
    let address = client(peer.ip(), &context.headers, context.state.web.secure);
    let keep = match &viewer.via {
        Via::Session { hash, .. } => Some(hash),
        Via::Token(_) => None,
    };
    let (by, name) = (context.by(&viewer), &viewer.user.name);
    let access = &context.state.control.access;
    match access.change_password(&by, name, passwords, address, keep).await {
        Ok(()) => done(paths::SETTINGS_PROFILE, "password"),
        Err(error) => match Refused::from_error(&context, error, name.as_str()) {
            Ok(refused) => {
                let form = ProfileForm::of(&viewer.user, &viewer.preferences);
                show(&context, &viewer, refused, form)
            }
            Err(response) => *response,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_choices_and_names_what_is_none() {
        let form = |theme: &str, language: &str, zone: &str| ProfileForm {
            theme: theme.to_owned(),
            density: "compact".to_owned(),
            language: language.to_owned(),
            time_zone: zone.to_owned(),
            ..ProfileForm::default()
        };
        let read = preferences(&form("dark", "it", "Europe/Berlin")).expect("valid");
        assert_eq!(read.language, Some(Language::Italian));
        assert_eq!((read.theme, read.time_zone.name()), (Theme::Dark, "Europe/Berlin"));
        let asked = preferences(&form("dark", "auto", "UTC")).expect("valid");
        assert_eq!(asked.language, None, "as the browser asks");
        let wrong = preferences(&form("pink", "tlh", "Berlin")).expect_err("mistakes");
        let fields: Vec<_> = wrong.iter().map(|mistake| mistake.field.as_str()).collect();
        assert_eq!(fields, ["theme", "language", "time_zone"]);
    }
}
