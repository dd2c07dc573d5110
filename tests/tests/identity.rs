//! Sign-in with a real identity provider, as somebody without a browser sees it, and as an attacker
//! tries it.
//!
//! Each test has a world and a provider of its own: tries are counted by network address.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use mainstay_tests::{IdentityProvider, Setup, Visitor, World};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use sqlx::PgPool;

const SECURITY: &str = "/settings/security";
const ASK: &str = "/sign-in/do/ask-provider?next=%2Ftopology%3Fview%3Dlist";
const NEXT: &str = "/topology?view=list";
const ENTER: &str = "/sign-in/provider";
const LINK: &str = "/settings/security/do/link-identity";
const LINKED: &str = "/settings/security?done=identity-linked";
const AGAIN: &str = "/sign-in?again=yes";

/// The leader writes of the fleet, which nobody runs here, at any moment.
const OF_ACCESS: &str = "SELECT body FROM audit_entry WHERE action IN ('sign-in', 'identity-link', \
     'identity-unlink', 'password-change') ORDER BY id DESC LIMIT 1";

struct Place {
    world: World,
    provider: IdentityProvider,
    pool: PgPool,
}

impl Place {
    async fn new() -> Self {
        let mut provider = IdentityProvider::new().unwrap();
        let serve = provider.options();
        let setup = Setup { serve, named: true, ..Setup::default() };
        let world = World::start_with(setup).await.unwrap();
        provider.start(&world.named_base()).await.unwrap();
        let pool = PgPool::connect(world.database_url()).await.unwrap();
        Self { world, provider, pool }
    }

    /// Somebody at the address that browsers use.
    fn visitor(&self) -> Visitor {
        Visitor::new(&self.world.named_base()).unwrap()
    }

    async fn signed_in(&self, role: &str) -> Visitor {
        let visitor = self.visitor();
        visitor.sign_in(role, self.world.password(role).unwrap()).await.unwrap();
        visitor
    }

    /// Begins to sign in, and comes in at the provider; where it sends the person back to.
    async fn back(&self, visitor: &Visitor, name: &str) -> String {
        let question = question(visitor.post(ASK, &[]).await.unwrap());
        self.provider.sign_in(&question, name).await.unwrap()
    }

    /// Signs in as far as the provider's answer goes.
    async fn enter(&self, visitor: &Visitor, name: &str) -> Response {
        let back = self.back(visitor, name).await;
        visitor.submit(&back, ENTER, &[]).await.unwrap()
    }

    /// Begins to link an identity; where the provider sends the person back to.
    async fn linking(&self, visitor: &Visitor, name: &str) -> String {
        let ask = "/settings/security/do/ask-identity";
        let question = question(visitor.submit(SECURITY, ask, &[]).await.unwrap());
        self.provider.sign_in(&question, name).await.unwrap()
    }

    async fn link(&self, visitor: &Visitor, name: &str) -> Response {
        let back = self.linking(visitor, name).await;
        visitor.submit(&back, LINK, &[]).await.unwrap()
    }

    /// The newest entry of the audit log about access: who, what, how it ended, and its values.
    async fn latest(&self) -> (String, String, String, Value) {
        let body: String = sqlx::query_scalar(OF_ACCESS).fetch_one(&self.pool).await.unwrap();
        let entry: Value = serde_json::from_str(&body).unwrap();
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let actor = entry["actor"].to_string();
        (actor, text("action"), text("outcome"), entry["after"].clone())
    }

    async fn refused(&self, action: &str, why: &str) {
        let (_, done, outcome, after) = self.latest().await;
        assert_eq!((done.as_str(), outcome.as_str()), (action, "refused"), "{why}");
        let told = after["refused"].as_str().unwrap_or_default();
        assert!(told.contains(why), "{why}: {after}");
    }
}

/// Where a page leads that goes on to the provider.
fn question(answer: Response) -> String {
    assert_eq!(answer.status(), StatusCode::OK);
    let refresh = answer.headers()["refresh"].to_str().unwrap();
    refresh.strip_prefix("0; url=").unwrap().to_owned()
}

fn location(answer: &Response) -> &str {
    answer.headers().get("location").map_or("", |to| to.to_str().unwrap())
}

async fn unprocessable(answer: Response, part: &str) {
    let (status, page) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{part}: {page}");
    assert!(page.contains(part), "{part}: {page}");
}

#[tokio::test]
async fn an_identity_is_linked_signs_in_and_is_taken_away() {
    let place = Place::new().await;
    let stranger = place.visitor();
    let page = stranger.page("/sign-in").await.unwrap();
    assert!(page.contains("Sign in with Company"), "{page}");
    unprocessable(place.enter(&stranger, "ann").await, "is linked with your identity there").await;
    place.refused("sign-in", "no account is linked").await;

    let operator = place.signed_in("operator").await;
    assert_eq!(location(&place.link(&operator, "ann").await), LINKED);
    let (actor, action, outcome, after) = place.latest().await;
    assert!(actor.contains("operator"), "{actor}");
    assert_eq!((action.as_str(), outcome.as_str()), ("identity-link", "done"));
    assert_eq!(after["identity"]["subject"], "ann");
    assert_eq!(after["identity"]["issuer"], place.provider.issuer());
    let page = operator.page(SECURITY).await.unwrap();
    assert!(page.contains("ann@company.example") && !page.contains("do/ask-identity"), "{page}");

    let visitor = place.visitor();
    let entered = place.enter(&visitor, "ann").await;
    assert_eq!(location(&entered), NEXT);
    let (_, action, outcome, after) = place.latest().await;
    assert_eq!((action.as_str(), outcome.as_str()), ("sign-in", "done"));
    assert_eq!(after["with"], "identity");
    let page = visitor.page("/settings/profile").await.unwrap();
    assert!(page.contains("signed in as operator"), "{page}");
    let admin = place.signed_in("admin").await;
    let page = admin.page("/settings/users/operator").await.unwrap();
    assert!(page.contains("ann@company.example"), "{page}");

    // Nobody else links it, and an account has one of each provider.
    let viewer = place.signed_in("viewer").await;
    unprocessable(place.link(&viewer, "ann").await, "is linked with another account").await;
    let id = sqlx::query_scalar("SELECT id FROM identities").fetch_one(&place.pool).await;
    let id: i64 = id.unwrap();
    let remove = format!("/settings/security/identities/{id}/do/remove");
    let csrf = csrf(&viewer).await;
    let others = viewer.post(&remove, &[("csrf", &csrf)]).await.unwrap();
    assert_eq!(others.status(), StatusCode::NOT_FOUND, "one's own only");

    let removed = operator.submit(SECURITY, &remove, &[]).await.unwrap();
    assert_eq!(location(&removed), "/settings/security?done=identity-removed");
    let (_, action, outcome, _) = place.latest().await;
    assert_eq!((action.as_str(), outcome.as_str()), ("identity-unlink", "done"));
    unprocessable(place.enter(&place.visitor(), "ann").await, "ask an admin").await;
}

/// The token in the forms of a visitor's session.
async fn csrf(visitor: &Visitor) -> String {
    let page = visitor.page(SECURITY).await.unwrap();
    let fields = mainstay_tests::html::form_fields(&page, SECURITY, SECURITY).unwrap();
    fields.into_iter().find(|field| field.name == "csrf").unwrap().value
}

#[tokio::test]
async fn what_a_provider_says_counts_only_if_it_holds() {
    let place = Place::new().await;
    // Each is linked, so that nothing but the token can be why they are refused.
    let names = [
        ("lies-audience", "Invalid audiences"),
        ("lies-audiences", "not a trusted audience"),
        ("lies-issuer", "Invalid issuer"),
        ("lies-nonce", "nonce mismatch"),
        ("lies-no-nonce", "missing nonce"),
        ("lies-time", "Expired"),
        ("lies-token", "the access token is not the id token's"),
        ("lies-key", "Signature verification failed"),
        ("lies-unsigned", "the id token does not hold"),
        ("lies-name", "names nobody"),
        ("lies-nothing", "has no id token"),
    ];
    let issuer = place.provider.issuer();
    for (name, why) in names {
        sqlx::query("DELETE FROM identities").execute(&place.pool).await.unwrap();
        sqlx::query(
            "INSERT INTO identities (user_name, issuer, subject, shown, linked_at)
             VALUES ('viewer', $1, $2, $2, now())",
        )
        .bind(&issuer)
        .bind(name)
        .execute(&place.pool)
        .await
        .unwrap();
        let answer = place.enter(&place.visitor(), name).await;
        unprocessable(answer, "did not confirm who you are").await;
        place.refused("sign-in", why).await;
    }
    let operator = place.signed_in("operator").await;
    let refused = place.link(&operator, "lies-audience").await;
    unprocessable(refused, "Nothing was linked").await;
    place.refused("identity-link", "Invalid audiences").await;
    assert_eq!(location(&place.link(&operator, "tells-token").await), LINKED);
    assert_eq!(location(&place.enter(&place.visitor(), "tells-token").await), NEXT);
}

#[tokio::test]
async fn an_answer_counts_once_in_the_session_that_asked() {
    let place = Place::new().await;
    let operator = place.signed_in("operator").await;
    assert_eq!(location(&place.link(&operator, "ann").await), LINKED);
    let fields = |back: &str| {
        let query = back.split_once('?').unwrap().1.to_owned();
        let value = |name: &str| {
            let pairs = url::form_urlencoded::parse(query.as_bytes());
            let found = pairs.into_owned().find(|(key, _)| key == name);
            found.map(|(_, value)| value).unwrap_or_default()
        };
        (value("code"), value("state"))
    };

    // Looking at it changes nothing, however often; sending it counts once.
    let visitor = place.visitor();
    let back = place.back(&visitor, "ann").await;
    for _ in 0..2 {
        assert!(visitor.page(&back).await.unwrap().contains("Company has answered"));
    }
    let (code, state) = fields(&back);
    let sent = [("code", code.as_str()), ("state", state.as_str())];
    // Somebody else's session did not ask, or asked another question.
    let other = place.visitor();
    unprocessable(other.post(ENTER, &sent).await.unwrap(), "Begin again").await;
    place.back(&other, "ben").await;
    unprocessable(other.post(ENTER, &sent).await.unwrap(), "did not confirm").await;
    place.refused("sign-in", "another question").await;
    assert_eq!(location(&other.get(&back).await.unwrap()), AGAIN);
    // The code of one question with the state of another: the provider bound it to the first.
    let own = fields(&place.back(&other, "ben").await).1;
    let mixed = [("code", code.as_str()), ("state", own.as_str())];
    unprocessable(other.post(ENTER, &mixed).await.unwrap(), "did not confirm").await;
    place.refused("sign-in", "did not take the code").await;
    assert_eq!(location(&visitor.submit(&back, ENTER, &[]).await.unwrap()), NEXT);
    unprocessable(place.visitor().post(ENTER, &sent).await.unwrap(), "Begin again").await;
    // Going back in the browser finds nothing to answer.
    assert_eq!(location(&visitor.get(&back).await.unwrap()), "/");

    expired_and_denied(&place).await;
}

/// An answer that comes too late, and none at all.
async fn expired_and_denied(place: &Place) {
    let visitor = place.visitor();
    let back = place.back(&visitor, "ann").await;
    sqlx::query("UPDATE ceremonies SET begun_at = begun_at - interval '6 minutes'")
        .execute(&place.pool)
        .await
        .unwrap();
    assert_eq!(location(&visitor.get(&back).await.unwrap()), AGAIN);
    let question = question(visitor.post(ASK, &[]).await.unwrap());
    let (_, state) = question.split_once("state=").unwrap();
    let state = state.split('&').next().unwrap();
    let denied = format!("{ENTER}?error=access_denied&error_description=x&state={state}");
    let page = visitor.page(&denied).await.unwrap();
    assert!(page.contains("did not confirm who you are") && page.contains("next=%2Ftop"), "{page}");
    let elsewhere = format!("{ENTER}?error=access_denied&state=x");
    assert_eq!(location(&visitor.get(&elsewhere).await.unwrap()), AGAIN);
    // Where it goes on is of this console.
    for next in ["//evil.example", "https%3A%2F%2Fevil.example", "%2Fsign-in%2Fprovider"] {
        let visitor = place.visitor();
        let ask = format!("/sign-in/do/ask-provider?next={next}");
        let question = self::question(visitor.post(&ask, &[]).await.unwrap());
        let back = place.provider.sign_in(&question, "ann").await.unwrap();
        assert_eq!(location(&visitor.submit(&back, ENTER, &[]).await.unwrap()), "/", "{next}");
    }
}

#[tokio::test]
async fn an_account_that_is_closed_taken_back_or_has_a_second_factor_is_not_let_in() {
    let place = Place::new().await;
    let operator = place.signed_in("operator").await;
    assert_eq!(location(&place.link(&operator, "ann").await), LINKED);
    // A second factor, as if it had been enrolled: its code is asked for.
    sqlx::query(
        "INSERT INTO totp (user_name, sealed, last_step, enrolled_at)
         VALUES ('operator', '', 0, now())",
    )
    .execute(&place.pool)
    .await
    .unwrap();
    let visitor = place.visitor();
    let entered = place.enter(&visitor, "ann").await;
    assert_eq!(location(&entered), "/sign-in/second?next=%2Ftopology%3Fview%3Dlist");
    let away = visitor.get("/topology").await.unwrap();
    assert!(location(&away).starts_with("/sign-in?next="), "{}", location(&away));
    assert_eq!(place.latest().await.3["step"], "first");
    sqlx::query("DELETE FROM totp").execute(&place.pool).await.unwrap();

    let admin = place.signed_in("admin").await;
    let page = "/settings/users/operator";
    let closed = admin.submit(page, &format!("{page}/do/disable"), &[]).await.unwrap();
    assert_eq!(location(&closed), format!("{page}?done=disabled"));
    unprocessable(place.enter(&place.visitor(), "ann").await, "ask an admin").await;
    place.refused("sign-in", "the account is closed").await;
    let open = admin.submit(page, &format!("{page}/do/enable"), &[]).await.unwrap();
    assert_eq!(location(&open), format!("{page}?done=enabled"));
    assert_eq!(location(&place.enter(&place.visitor(), "ann").await), NEXT);

    // An admin takes accounts back: what was linked ends, and what is being linked.
    let viewer = place.signed_in("viewer").await;
    let back = place.linking(&viewer, "ben").await;
    assert!(viewer.page(&back).await.unwrap().contains("to link your identity"));
    for (role, ended) in [("operator", 1), ("viewer", 0)] {
        let page = format!("/settings/users/{role}");
        let password = [("password", "another long password")];
        let done = admin.submit(&page, &format!("{page}/do/set-password"), &password).await;
        assert_eq!(location(&done.unwrap()), format!("{page}?done=reset"));
        assert_eq!(place.latest().await.3["identities_ended"], ended);
    }
    assert_eq!(location(&viewer.get(&back).await.unwrap()), AGAIN);
    unprocessable(place.enter(&place.visitor(), "ann").await, "ask an admin").await;
}

#[tokio::test]
async fn a_provider_that_is_away_keeps_nobody_out() {
    let mut place = Place::new().await;
    let operator = place.signed_in("operator").await;
    assert_eq!(location(&place.link(&operator, "ann").await), LINKED);
    let asked = place.visitor();
    let back = place.back(&asked, "ann").await;
    place.provider.stop();
    let visitor = place.visitor();
    for answer in
        [visitor.post(ASK, &[]).await.unwrap(), asked.submit(&back, ENTER, &[]).await.unwrap()]
    {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let page = answer.text().await.unwrap();
        assert!(page.contains("Sign in with user name and password"), "{page}");
    }
    let ask = "/settings/security/do/ask-identity";
    let viewer = place.signed_in("viewer").await;
    let answer = viewer.submit(SECURITY, ask, &[]).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    // It comes back with another key, which counts at once.
    place.provider.start(&place.world.named_base()).await.unwrap();
    assert_eq!(location(&place.enter(&visitor, "ann").await), NEXT);
}
