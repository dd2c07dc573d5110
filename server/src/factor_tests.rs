//! Second factors as an attacker sees them: halves of sign-ins, codes and answers used again,
//! races, guesses, and who has to have one.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::response::Response;
use chrono::TimeDelta;
use http::header::{ACCEPT, COOKIE};
use http::{Request, StatusCode};
use mainstay_core::access::factor::CEREMONY_MINUTES;
use mainstay_core::access::{FRESH_MINUTES, Role};
use mainstay_core::audit::{Action, Outcome};
use serde_json::Value;
use totp_rs::{Builder, Secret};

use crate::device_tests::Device;
use crate::rig_tests::{PASSWORD, PUBLIC_URL, Rig, cookie_of, grant, location, text};

const SECURITY: &str = "/settings/security";
const SECOND: &str = "/sign-in/second?next=/topology";

/// An app that was enrolled: its secret, and the recovery codes that came with it.
struct App {
    secret: Vec<u8>,
    recovery: Vec<String>,
}

impl App {
    /// The code of the step that lies so many steps ahead of now.
    fn code(&self, ahead: i64) -> String {
        let totp = Builder::new().with_secret(self.secret.clone()).build().unwrap();
        let at = chrono::Utc::now() + TimeDelta::seconds(30 * ahead);
        totp.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
    }
}

impl Rig {
    async fn change(&self, path: &str, cookie: &str, form: &str) -> Response {
        let csrf = self.form_token(cookie).await;
        self.post(path, cookie, "same-origin", &format!("csrf={csrf}&{form}")).await
    }

    /// Enrols an app. Its code of the step before now is taken by that.
    async fn app(&self, cookie: &str) -> App {
        let page = text(self.change("/settings/security/do/begin-app", cookie, "").await).await;
        let (_, after) = page.split_once(r#"id="secret""#).unwrap();
        let (_, after) = after.split_once(r#"value=""#).unwrap();
        let secret = after.split('"').next().unwrap().replace(' ', "");
        let secret = Secret::try_from_base32(&secret).unwrap().as_bytes().to_vec();
        let mut app = App { secret, recovery: Vec::new() };
        let form = format!("code={}", app.code(-1));
        let added = self.change("/settings/security/do/add-app", cookie, &form).await;
        assert_eq!(added.status(), StatusCode::CREATED);
        let page = text(added).await;
        let codes = page.split("<code>").skip(1).filter_map(|rest| rest.split('<').next());
        app.recovery = codes.map(str::to_owned).collect();
        assert_eq!(app.recovery.len(), 10);
        app
    }

    /// A session whose password was right and that waits for the second step.
    async fn half(&self, name: &str) -> String {
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let response = self.post("/sign-in?next=/topology", "", "same-origin", &form).await;
        assert_eq!(location(&response), "/sign-in/second?next=%2Ftopology");
        cookie_of(&response).unwrap()
    }

    async fn second(&self, half: &str, field: &str, value: &str) -> Response {
        let form =
            form_urlencoded::Serializer::new(String::new()).append_pair(field, value).finish();
        self.post(SECOND, half, "same-origin", &form).await
    }

    /// The question for a device.
    async fn question(&self, path: &str, cookie: &str) -> Value {
        let mut request = Request::post(path)
            .header(COOKIE, cookie)
            .header("sec-fetch-site", "same-origin")
            .header(ACCEPT, "application/json");
        if !path.starts_with("/sign-in") {
            request = request.header("x-csrf", self.form_token(cookie).await);
        }
        let response = self.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        serde_json::from_str(&text(response).await).unwrap()
    }

    async fn passkey(&self, cookie: &str, name: &str) -> Device {
        let device = Device::new(PUBLIC_URL);
        let question = self.question("/settings/security/do/ask-passkey", cookie).await;
        let added = self.add_passkey(cookie, name, &device.make(&question)).await;
        assert!(matches!(added.status(), StatusCode::CREATED | StatusCode::SEE_OTHER));
        device
    }

    async fn add_passkey(&self, cookie: &str, name: &str, answer: &str) -> Response {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("passkey_name", name)
            .append_pair("passkey", answer)
            .finish();
        self.change("/settings/security/do/add-passkey", cookie, &form).await
    }

    async fn said(&self) -> (Action, Outcome) {
        let (_, action, outcome) = self.latest().await.unwrap();
        (action, outcome)
    }
}

#[tokio::test]
async fn half_a_sign_in_opens_nothing() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Admin)]).await;
    let first = rig.sign_in("ann", "").await;
    let csrf = rig.form_token(&first).await;
    let app = rig.app(&first).await;
    let half = rig.half("ann").await;
    assert_eq!(rig.said().await, (Action::SignIn, Outcome::Done));
    for path in ["/", "/topology", SECURITY, "/settings/users", "/confirm", "/live"] {
        let away = rig.get(path, &half).await;
        assert_eq!(away.status(), StatusCode::SEE_OTHER, "{path}");
        assert!(location(&away).starts_with("/sign-in?next="), "{path}");
    }
    let program = rig.get("/api/v1/me", &half).await;
    assert_eq!(program.status(), StatusCode::UNAUTHORIZED);
    // Not even with the token of a form that was open before.
    for path in ["/settings/security/do/remove-app", "/confirm", "/settings/profile"] {
        let form = format!("csrf={csrf}&password={}", PASSWORD.replace(' ', "+"));
        let away = rig.post(path, &half, "same-origin", &form).await;
        assert!(location(&away).starts_with("/sign-in"), "{path}: {}", away.status());
    }
    let wrong = rig.second(&half, "code", "000000").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(rig.said().await, (Action::SignIn, Outcome::Refused));
    let right = rig.second(&half, "code", &app.code(0)).await;
    assert_eq!(location(&right), "/topology");
    let whole = cookie_of(&right).unwrap();
    assert_ne!(whole, half, "each step has an id of its own");
    assert_eq!(rig.get("/topology", &whole).await.status(), StatusCode::OK);
    assert_eq!(rig.get("/topology", &half).await.status(), StatusCode::SEE_OTHER);
    let over = rig.second(&half, "code", &app.code(1)).await;
    assert_eq!(location(&over), "/sign-in?next=%2Ftopology&again=yes");
}

#[tokio::test]
async fn what_let_somebody_in_once_lets_nobody_in_again() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let app = rig.app(&rig.sign_in("ann", "").await).await;
    // The code that enrolled the app was taken by that.
    let used = rig.second(&rig.half("ann").await, "code", &app.code(-1)).await;
    assert_eq!(used.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let (code, first) = (app.code(0), rig.half("ann").await);
    assert_eq!(location(&rig.second(&first, "code", &code).await), "/topology");
    let again = rig.second(&rig.half("ann").await, "code", &code).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(again).await.contains("was used before"));
    // Recovery codes are read with or without hyphens, and once.
    let (code, half) = (app.recovery[0].replace('-', " ").to_uppercase(), rig.half("ann").await);
    assert_eq!(location(&rig.second(&half, "code", &code).await), "/topology");
    let again = rig.second(&rig.half("ann").await, "code", &app.recovery[0]).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn of_two_at_once_one_wins() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let app = rig.app(&rig.sign_in("ann", "").await).await;
    for code in [app.code(0), app.recovery[0].clone()] {
        let (a, b) = (rig.half("ann").await, rig.half("ann").await);
        let both = tokio::join!(rig.second(&a, "code", &code), rig.second(&b, "code", &code));
        let mut got = [both.0.status(), both.1.status()];
        got.sort();
        assert_eq!(got, [StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY], "{code}");
    }
    // The same half of a sign-in, twice at once.
    let half = rig.half("ann").await;
    let codes = (&app.recovery[1], &app.recovery[2]);
    let both = tokio::join!(rig.second(&half, "code", codes.0), rig.second(&half, "code", codes.1));
    let mut got = [location(&both.0), location(&both.1)];
    got.sort_unstable();
    assert_eq!(got, ["/sign-in?next=%2Ftopology&again=yes", "/topology"]);
}

#[tokio::test]
async fn codes_are_not_guessed_and_a_right_password_buys_no_tries() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let app = rig.app(&rig.sign_in("ann", "").await).await;
    for n in 0..5 {
        let wrong = rig.second(&rig.half("ann").await, "code", &format!("00000{n}")).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    // The wait is of a second, which a slow machine may need for less.
    rig.ahead.fetch_sub(10, Ordering::Relaxed);
    let form = format!("name=ann&password={}", PASSWORD.replace(' ', "+"));
    let waits = rig.post("/sign-in", "", "same-origin", &form).await;
    assert_eq!(waits.status(), StatusCode::TOO_MANY_REQUESTS);
    rig.ahead.fetch_add(20, Ordering::Relaxed);
    let half = rig.half("ann").await;
    assert_eq!(location(&rig.second(&half, "code", &app.recovery[0]).await), "/topology");
}

#[tokio::test]
async fn half_a_sign_in_ends_by_time_and_by_a_change_and_leads_nowhere_else() {
    let rig = Rig::new(false).await;
    let ann = rig.user("ann", vec![grant(Role::Viewer)]).await;
    let app = rig.app(&rig.sign_in("ann", "").await).await;
    let again = "/sign-in?next=%2Ftopology&again=yes";
    let half = rig.half("ann").await;
    rig.ahead.fetch_add(CEREMONY_MINUTES * 60, Ordering::Relaxed);
    assert_eq!(location(&rig.second(&half, "code", &app.recovery[0]).await), again);
    rig.ahead.fetch_sub(CEREMONY_MINUTES * 60, Ordering::Relaxed);
    let half = rig.half("ann").await;
    let access = &rig.state.control.access;
    let by = mainstay_control::access::By::system("test");
    access.reset_password(&by, &ann.name, PASSWORD).await.unwrap();
    assert_eq!(location(&rig.second(&half, "code", &app.recovery[0]).await), again);
    for next in ["//evil.example", "https%3A%2F%2Fevil.example", "/sign-in/second"] {
        let half = rig.half("ann").await;
        let code = access.new_codes(&by, &ann.name).await.unwrap().remove(0);
        let path = format!("/sign-in/second?next={next}");
        let done = rig.post(&path, &half, "same-origin", &format!("code={code}")).await;
        assert_eq!(location(&done), "/", "{next}");
    }
}

#[tokio::test]
async fn a_passkey_signs_in_alone_as_second_step_and_as_proof() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let mut device = rig.passkey(&cookie, "Phone").await;
    assert_eq!(rig.said().await, (Action::FactorAdd, Outcome::Done));
    let page = text(rig.get(SECURITY, &cookie).await).await;
    assert!(page.contains("Remove Phone"), "{page}");

    let half = rig.half("ann").await;
    let question = rig.question("/sign-in/second/do/ask-passkey", &half).await;
    let answer = device.sign(&question);
    let done = rig.second(&half, "passkey", &answer).await;
    assert_eq!(location(&done), "/topology");
    let whole = cookie_of(&done).unwrap();

    let question = rig.question("/confirm/do/ask-passkey", &whole).await;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("passkey", &device.sign(&question))
        .finish();
    let proved = rig.change("/confirm?next=/backups", &whole, &form).await;
    assert_eq!(location(&proved), "/backups");
    assert_eq!(rig.said().await, (Action::Confirm, Outcome::Done));

    let (cookie, alone) = alone(&rig, &mut device).await;
    assert_eq!(location(&alone), "/topology");
    assert_ne!(cookie_of(&alone).unwrap(), cookie, "the session has an id of its own");
    let me = text(rig.get("/settings/profile", &cookie_of(&alone).unwrap()).await).await;
    assert!(me.contains("signed in as ann"));
}

/// Signs in with nothing but the device: the session before, and the answer.
async fn alone(rig: &Rig, device: &mut Device) -> (String, Response) {
    let request = Request::post("/sign-in/do/ask-passkey")
        .header("sec-fetch-site", "same-origin")
        .header(ACCEPT, "application/json");
    let asked = rig.send(request.body(Body::empty()).unwrap()).await;
    let cookie = cookie_of(&asked).unwrap();
    let question: Value = serde_json::from_str(&text(asked).await).unwrap();
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("passkey", &device.sign(&question))
        .finish();
    let done = rig.post("/sign-in?next=/topology", &cookie, "same-origin", &form).await;
    (cookie, done)
}

#[tokio::test]
async fn an_answer_counts_once_for_its_question_here() {
    let rig = Rig::new(false).await;
    for name in ["ann", "ben"] {
        rig.user(name, vec![grant(Role::Viewer)]).await;
    }
    let mut own = rig.passkey(&rig.sign_in("ann", "").await, "Phone").await;
    let mut others = rig.passkey(&rig.sign_in("ben", "").await, "Phone").await;
    let refused = async |half: &str, answer: &str, what: &str| {
        let response = rig.second(half, "passkey", answer).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        assert_eq!(rig.said().await, (Action::SignIn, Outcome::Refused), "{what}");
    };
    let ask = "/sign-in/second/do/ask-passkey";
    let half = rig.half("ann").await;
    let old = rig.question(ask, &half).await;
    let question = rig.question(ask, &half).await;
    refused(&half, &own.sign(&old), "an older question").await;
    refused(&half, &own.sign(&question), "a question that was answered").await;
    refused(&half, "{}", "no question at all").await;
    let question = rig.question(ask, &half).await;
    refused(&half, &others.sign(&question), "somebody else's passkey").await;
    let question = rig.question(ask, &half).await;
    refused(&half, &Device::new(PUBLIC_URL).sign(&question), "an unknown passkey").await;
    // Five wrong ones make wait: the clock goes on.
    rig.ahead.fetch_add(60, Ordering::Relaxed);
    let origin = std::mem::replace(&mut own.origin, "https://console.evil.example".to_owned());
    let question = rig.question(ask, &half).await;
    refused(&half, &own.sign(&question), "made for another site").await;
    own.origin = origin;
    rig.ahead.fetch_add(60, Ordering::Relaxed);
    let flags = std::mem::replace(&mut own.flags, 0x01);
    let question = rig.question(ask, &half).await;
    refused(&half, &own.sign(&question), "nobody unlocked it").await;
    own.flags = flags;

    rig.ahead.fetch_add(60, Ordering::Relaxed);
    let question = rig.question(ask, &half).await;
    let answer = own.sign(&question);
    assert_eq!(location(&rig.second(&half, "passkey", &answer).await), "/topology");
    let half = rig.half("ann").await;
    refused(&half, &answer, "an answer of before").await;
    // A copy of the key has counted less.
    own.count -= 1;
    let question = rig.question(ask, &half).await;
    refused(&half, &own.sign(&question), "a count that went back").await;
}

#[tokio::test]
async fn what_one_removes_is_asked_for_no_more() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let app = rig.app(&cookie).await;
    rig.passkey(&cookie, "Phone").await;
    let page = text(rig.get(SECURITY, &cookie).await).await;
    assert!(page.contains("10 codes are left"), "{page}");
    let codes = rig.change("/settings/security/do/new-codes", &cookie, "").await;
    assert_eq!(codes.status(), StatusCode::CREATED);
    assert_eq!(rig.said().await, (Action::RecoveryCodes, Outcome::Done));
    let half = rig.half("ann").await;
    let old = rig.second(&half, "code", &app.recovery[0]).await;
    assert_eq!(old.status(), StatusCode::UNPROCESSABLE_ENTITY, "new codes end those before");
    for (path, word) in [
        ("/settings/security/do/remove-app", "app-removed"),
        ("/settings/security/passkeys/1/do/remove", "passkey-removed"),
    ] {
        let done = rig.change(path, &cookie, "").await;
        assert_eq!(location(&done), format!("{SECURITY}?done={word}"));
        assert_eq!(rig.said().await, (Action::FactorRemove, Outcome::Done));
        let gone = rig.change(path, &cookie, "").await;
        assert_eq!(gone.status(), StatusCode::NOT_FOUND);
        assert_eq!(rig.said().await, (Action::FactorRemove, Outcome::Refused));
    }
    rig.sign_in("ann", "").await;
}

#[tokio::test]
async fn who_has_to_have_a_factor_is_led_to_it_before_anything_else() {
    let rig = Rig::requiring(false, BTreeSet::from([Role::Admin])).await;
    rig.user("chief", vec![grant(Role::Admin)]).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let free = rig.sign_in("ann", "").await;
    assert_eq!(rig.get("/topology", &free).await.status(), StatusCode::OK);
    let cookie = rig.sign_in("chief", "").await;
    for path in ["/", "/settings/users", "/topology", "/settings/profile"] {
        let away = rig.get(path, &cookie).await;
        assert_eq!(location(&away), SECURITY, "{path}");
    }
    assert_eq!(rig.get("/api/v1/me", &cookie).await.status(), StatusCode::FORBIDDEN);
    let page = text(rig.get(SECURITY, &cookie).await).await;
    assert!(page.contains("Enrol a second factor first."));
    assert_eq!(rig.get("/settings/security-x", &cookie).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_admin_takes_factors_away_with_a_proof_and_leaves_an_entry() {
    let rig = Rig::new(false).await;
    rig.user("chief", vec![grant(Role::Admin)]).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let ann = rig.sign_in("ann", "").await;
    rig.app(&ann).await;
    rig.passkey(&ann, "Phone").await;
    let chief = rig.sign_in("chief", "").await;
    let list = text(rig.get("/settings/users", &chief).await).await;
    assert!(list.contains("Authenticator app, 1 passkey"), "{list}");
    let reset = "/settings/users/ann/do/reset-factors";
    rig.ahead.fetch_sub(FRESH_MINUTES * 120, Ordering::Relaxed);
    let asked = rig.change(reset, &chief, "").await;
    assert!(location(&asked).starts_with("/confirm?next="), "{}", asked.status());
    rig.ahead.fetch_add(FRESH_MINUTES * 120, Ordering::Relaxed);
    let done = rig.change(reset, &chief, "").await;
    assert_eq!(location(&done), "/settings/users/ann?done=factors-reset");
    assert_eq!(rig.said().await, (Action::FactorReset, Outcome::Done));
    assert_eq!(rig.get("/topology", &ann).await.status(), StatusCode::SEE_OTHER);
    rig.sign_in("ann", "").await;
}
