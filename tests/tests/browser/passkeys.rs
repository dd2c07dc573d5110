//! Passkeys with a device in software, which the browser believes to be real.

use mainstay_tests::{Browser, Look, Setup, World, owed};

use super::{arrives, browser_at};

async fn button(browser: &Browser, name: &str) {
    browser.by_role("button", name).await.unwrap().click().await.unwrap();
}

async fn sign_out(browser: &Browser) {
    browser.open("/settings/profile").await.unwrap();
    browser.follow("form[action='/sign-out'] button").await.unwrap();
    arrives(browser, "/sign-in").await;
}

#[tokio::test]
async fn a_passkey_is_enrolled_signs_in_and_proves_who_it_is() {
    let setup = Setup { named: true, ..Setup::default() };
    let world = World::start_with(setup).await.unwrap();
    let browser = browser_at(&world.named_base(), Look::default()).await;
    let device = browser.add_authenticator().await.unwrap();
    let password = world.password("viewer").unwrap();
    browser.sign_in("viewer", password).await.unwrap();

    browser.open("/settings/security").await.unwrap();
    browser.find("#passkey_name").await.unwrap().send_keys("Laptop").await.unwrap();
    button(&browser, "Add a passkey").await;
    browser.find(".codes li").await.unwrap();
    browser.open("/settings/security").await.unwrap();
    browser.by_role("button", "Remove Laptop").await.unwrap();

    // Alone, without name and password.
    sign_out(&browser).await;
    browser.open("/sign-in?next=/topology").await.unwrap();
    button(&browser, "Sign in with a passkey").await;
    arrives(&browser, "/topology").await;

    // As the proof that is asked for before what can do much harm.
    browser.open("/confirm?next=/backups").await.unwrap();
    button(&browser, "Use a passkey").await;
    arrives(&browser, "/backups").await;

    // As the second step; not from a hand that the device does not know.
    sign_out(&browser).await;
    browser.find("#name").await.unwrap().send_keys("viewer").await.unwrap();
    browser.find("#password").await.unwrap().send_keys(password).await.unwrap();
    browser.follow("main form button").await.unwrap();
    arrives(&browser, "/sign-in/second?next=%2F").await;
    let faults = owed::faults_of(&browser, "/sign-in/second", 200).await.unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    browser.set_verified(&device, false).await.unwrap();
    button(&browser, "Use a passkey").await;
    let told =
        browser.text_until("#passkey-note", super::PATIENCE, |text| text.contains("said no"));
    told.await.unwrap();
    arrives(&browser, "/sign-in/second?next=%2F").await;
    browser.set_verified(&device, true).await.unwrap();
    button(&browser, "Use a passkey").await;
    arrives(&browser, "/").await;
    let told = browser.console_errors().await.unwrap();
    assert!(told.is_empty(), "{told:?}");
}
