//! The console in a real browser: it works with and without scripts, breaks no rule of its own
//! content policy, and is usable with assistive technology in both themes.

use mainstay_tests::{Browser, Look, World};

const PAGES: [&str; 7] = [
    "/",
    "/attention",
    "/topology",
    "/regions/eu-central",
    "/dc/fra1",
    "/services/feed",
    "/settings/profile",
];

async fn signed_in(world: &World, role: &str, look: Look) -> Browser {
    let browser = Browser::start(&world.base(), look).await.expect("a browser starts");
    let password = world.password(role).expect("the first users are named after their roles");
    browser.sign_in(role, password).await.expect("the sign-in works");
    browser
}

#[tokio::test]
async fn pages_are_accessible_and_clean_in_both_themes() {
    let world = World::start().await.unwrap();
    let mut found = Vec::new();
    for dark in [false, true] {
        let browser = signed_in(&world, "admin", Look { dark, ..Look::default() }).await;
        for path in PAGES {
            browser.open(path).await.unwrap();
            let theme = if dark { "dark" } else { "light" };
            let violations = browser.axe().await.unwrap();
            let errors = browser.console_errors().await.unwrap();
            let all = violations.iter().chain(&errors);
            found.extend(all.map(|text| format!("{path} ({theme}): {text}")));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[tokio::test]
async fn pages_work_without_javascript() {
    let world = World::start().await.unwrap();
    let look = Look { javascript: false, ..Look::default() };
    let browser = signed_in(&world, "viewer", look).await;
    for path in PAGES {
        browser.open(path).await.unwrap();
        assert_eq!(browser.path().await.unwrap(), path);
        let heading = browser.find("main h1").await.unwrap().text().await.unwrap();
        assert!(!heading.is_empty(), "{path} has no heading");
    }
}

#[tokio::test]
async fn nothing_hangs_over_the_edge_of_a_phone() {
    let world = World::start().await.unwrap();
    let look = Look { window: (390, 844), ..Look::default() };
    let browser = signed_in(&world, "viewer", look).await;
    for path in PAGES {
        browser.open(path).await.unwrap();
        let script = "const root = document.documentElement;\
                      return root.scrollWidth - root.clientWidth;";
        let over = browser.run(script, Vec::new()).await.unwrap();
        assert!(over.as_f64().unwrap_or(f64::MAX) <= 0.0, "{path} is {over} px too wide");
    }
}
