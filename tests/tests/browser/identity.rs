//! Sign-in with a real identity provider, with script and without.

use mainstay_tests::{Browser, IdentityProvider, Look, Setup, World};

use super::{PATIENCE, arrives, browser_at, plain};

/// Presses a button that leads elsewhere, perhaps over pages that go on by themselves.
async fn press(browser: &Browser, name: &str) {
    browser.by_role("button", name).await.unwrap().click().await.unwrap();
}

/// Comes in at the provider and agrees to what it asks.
async fn come_in(browser: &Browser, login: &str) {
    browser.find("input[name=login]").await.unwrap().send_keys(login).await.unwrap();
    browser.find("input[name=password]").await.unwrap().send_keys("any").await.unwrap();
    press(browser, "Sign-in").await;
    press(browser, "Continue").await;
}

/// Goes on from where the provider lets people arrive, which a script does by itself.
async fn go_on(browser: &Browser, look: Look, words: &str) {
    if !look.javascript {
        browser.text_until("main", PATIENCE, |text| text.contains(words)).await.unwrap();
        browser.follow("#go-on").await.unwrap();
    }
}

#[tokio::test]
async fn somebody_links_their_identity_and_signs_in_with_it() {
    let mut provider = IdentityProvider::new().unwrap();
    let setup = Setup { serve: provider.options(), named: true, ..Setup::default() };
    let world = World::start_with(setup).await.unwrap();
    provider.start(&world.named_base()).await.unwrap();
    for (look, role, login) in [(Look::default(), "viewer", "ann"), (plain(), "operator", "ben")] {
        let browser = browser_at(&world.named_base(), look).await;
        browser.sign_in(role, world.password(role).unwrap()).await.unwrap();
        browser.open("/settings/security").await.unwrap();
        press(&browser, "Link with Company").await;
        come_in(&browser, login).await;
        go_on(&browser, look, "to link your identity").await;
        arrives(&browser, "/settings/security?done=identity-linked").await;
        let label = format!("Remove the link with {login}@company.example");
        browser.by_role("button", &label).await.unwrap();

        browser.open("/settings/profile").await.unwrap();
        browser.follow("form[action='/sign-out'] button").await.unwrap();
        browser.open("/sign-in?next=/topology").await.unwrap();
        press(&browser, "Sign in with Company").await;
        // The provider knows them by now, and asks nothing.
        go_on(&browser, look, "to sign in here").await;
        arrives(&browser, "/topology").await;
        let visitor = world.sign_in("auditor").await.unwrap();
        let log = visitor.json("/api/v1/audit?action=sign-in").await.unwrap();
        assert!(log.to_string().contains(&format!("{login}@company.example")), "{log}");
        // The provider has no icon, which the browser tells too.
        let mut told = browser.console_errors().await.unwrap();
        told.retain(|line| !line.contains(&provider.issuer()));
        assert!(told.is_empty(), "{told:?}");
    }
}

#[tokio::test]
async fn the_pages_on_the_way_are_accessible_and_say_no_in_words() {
    let mut provider = IdentityProvider::new().unwrap();
    let setup = Setup { serve: provider.options(), named: true, ..Setup::default() };
    let world = World::start_with(setup).await.unwrap();
    provider.start(&world.named_base()).await.unwrap();
    let browser = browser_at(&world.named_base(), Look::default()).await;
    browser.open("/sign-in?next=/topology").await.unwrap();
    assert_eq!(browser.axe().await.unwrap(), Vec::<String>::new());
    press(&browser, "Sign in with Company").await;
    // The person changes their mind there.
    let cancel = browser.by_role("link", "[ Cancel ]").await.unwrap();
    browser.follow_element(cancel).await.unwrap();
    let title = "Company did not confirm who you are";
    browser.text_until("main h1", PATIENCE, |text| text == title).await.unwrap();
    assert_eq!(browser.axe().await.unwrap(), Vec::<String>::new());
    let again = browser.by_role("link", "Begin again").await.unwrap();
    browser.follow_element(again).await.unwrap();
    arrives(&browser, "/sign-in?next=%2Ftopology").await;
    // A stranger there is a stranger here.
    press(&browser, "Sign in with Company").await;
    come_in(&browser, "eve").await;
    let told = browser.text_until("#mistakes", PATIENCE, |text| text.contains("ask an admin"));
    told.await.unwrap();
    assert_eq!(browser.axe().await.unwrap(), Vec::<String>::new());
    // The form on that page is the sign-in's own.
    browser.find("#name").await.unwrap().send_keys("viewer").await.unwrap();
    let password = world.password("viewer").unwrap();
    browser.find("#password").await.unwrap().send_keys(password).await.unwrap();
    browser.follow("main form button").await.unwrap();
    arrives(&browser, "/topology").await;
}
