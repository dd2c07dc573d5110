//! What people see of a request that goes no further, and what programs read.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE};
use http::{Method, Request, StatusCode};
use mainstay_app::pages::error::Failure;
use mainstay_core::access::Role;

use crate::http::refusal;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::rig_tests::{Rig, grant, text};

const PERSON: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
const PROGRAM: &str = "application/json";

fn kind(response: &Response) -> String {
    response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned()
}

/// A request that is refused with a status, and a word of the sentence that says so.
struct Case {
    method: Method,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    status: StatusCode,
    says: &'static str,
}

const CASES: [Case; 5] = [
    Case {
        method: Method::GET,
        path: "/nowhere",
        headers: &[],
        status: StatusCode::NOT_FOUND,
        says: "names nothing that Mainstay knows",
    },
    Case {
        method: Method::PUT,
        path: "/topology",
        headers: &[],
        status: StatusCode::METHOD_NOT_ALLOWED,
        says: "This address takes GET only.",
    },
    Case {
        method: Method::POST,
        path: "/settings/profile",
        headers: &[("sec-fetch-site", "cross-site")],
        status: StatusCode::FORBIDDEN,
        says: "did not come from this console",
    },
    Case {
        method: Method::POST,
        path: "/settings/profile",
        headers: &[("sec-fetch-site", "same-origin")],
        status: StatusCode::FORBIDDEN,
        says: "too old",
    },
    Case {
        method: Method::POST,
        path: "/settings/profile",
        headers: &[("sec-fetch-site", "same-origin"), ("content-length", "99999999")],
        status: StatusCode::PAYLOAD_TOO_LARGE,
        says: "larger than",
    },
];

#[tokio::test]
async fn people_get_a_page_in_their_shell_and_programs_get_problem_details() {
    let rig = Rig::new(false).await;
    rig.user("ann", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("ann", "").await;
    for case in CASES {
        let send = async |accept: &str| {
            let mut request = Request::builder().method(&case.method).uri(case.path);
            for (name, value) in case.headers {
                request = request.header(*name, *value);
            }
            let request = request.header(COOKIE, &cookie).header(ACCEPT, accept);
            rig.send(request.body(Body::empty()).unwrap()).await
        };
        let what = format!("{} {}", case.method, case.path);
        let page = send(PERSON).await;
        assert_eq!(page.status(), case.status, "{what}");
        assert!(kind(&page).starts_with("text/html"), "{what}: {}", kind(&page));
        assert!(page.headers().contains_key("content-security-policy"), "{what}");
        let allow = page.headers().contains_key("allow");
        assert_eq!(allow, case.status == StatusCode::METHOD_NOT_ALLOWED, "{what}");
        let page = text(page).await;
        assert!(page.contains("signed in as ann"), "{what} knows who looks");
        assert!(page.contains(case.says) && page.contains("Reference "), "{what}: {page}");
        let problem = send(PROGRAM).await;
        assert_eq!(
            (problem.status(), kind(&problem)),
            (case.status, PROBLEM_JSON.into()),
            "{what}"
        );
        assert!(text(problem).await.starts_with('{'), "{what}");
    }
}

#[tokio::test]
async fn nobody_signed_in_gets_a_page_too() {
    let rig = Rig::new(false).await;
    let request = Request::post("/sign-in").header(ACCEPT, PERSON);
    let page = rig.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    let page = text(page).await;
    assert!(page.contains("did not come from this console") && !page.contains("signed in as"));
}

/// Those that take too long or too many to be had here.
#[tokio::test]
async fn every_other_problem_has_its_page() {
    let rig = Rig::new(false).await;
    for (problem, status, says) in [
        (Problem::of(Failure::Slow { seconds: 15 }, ""), 408, "did not arrive within 15 s"),
        (Problem::wait(30, "Too many tries."), 429, "Wait a minute"),
        (Problem::of(Failure::Late, ""), 503, "may or may not have been done"),
        (Problem::of(Failure::Broken, ""), 500, "could not be made"),
        (Problem::new(StatusCode::BAD_REQUEST, "That is no topic."), 400, "That is no topic."),
        (Problem::new(StatusCode::CONFLICT, "Somebody was faster."), 409, "Somebody was faster."),
    ] {
        let (parts, ()) = Request::get("/live").body(()).unwrap().into_parts();
        let page = refusal::problem(&rig.state, &parts, None, &problem);
        assert_eq!(page.status().as_u16(), status);
        let page = text(page).await;
        assert!(page.contains(says) && page.contains(&status.to_string()), "{status}: {page}");
        let told = problem.into_response();
        assert_eq!((told.status().as_u16(), kind(&told)), (status, PROBLEM_JSON.to_owned()));
    }
}
