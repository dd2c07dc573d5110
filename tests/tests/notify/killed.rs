//! A server that is killed between the steps of a delivery: a message may arrive twice, always
//! under the same id, and never not at all.

use super::Town;
use super::receiver::{Answer, Receiver};
use serde_json::json;

async fn one(town: &Town, receiver: &Receiver) -> String {
    let only = json!({ "name": "one", "way": "webhook", "url": receiver.url("/"),
        "datacenters": "north" });
    town.channel(only).await.0
}

async fn arrived(town: &Town, id: &str) {
    town.until("it arrived", async || {
        let all = town.deliveries(id).await;
        (all.len() == 1 && all[0].0 == "sent").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_it_is_tried_and_in_the_middle_of_a_try() {
    let mut town = Town::new().await;
    let receiver = Receiver::start(&[Answer::Status(500), Answer::Held]).await;
    let id = one(&town, &receiver).await;
    // It waits for its second try.
    mainstay_tests::until("the first try", super::SOON, async || {
        (town.deliveries(&id).await == [("waiting".to_owned(), 1)]).then_some(())
    })
    .await
    .unwrap();
    town.world.kill_server().unwrap();
    town.hurry().await;
    town.world.start_server().await.unwrap();
    // The next one tries, and is killed while the receiver thinks about it.
    mainstay_tests::until("the second try", super::SOON, async || {
        (receiver.got().len() == 2).then_some(())
    })
    .await
    .unwrap();
    town.world.kill_server().unwrap();
    receiver.release();
    town.world.start_server().await.unwrap();
    arrived(&town, &id).await;
    let got = receiver.got();
    assert!(got.len() >= 3, "{}", got.len());
    assert!(got.iter().all(|it| it.id() == got[0].id() && it.body == got[0].body));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_receiver_took_it_and_before_that_was_written() {
    let mut town = Town::new().await;
    let receiver = Receiver::start(&[Answer::Held]).await;
    let id = one(&town, &receiver).await;
    mainstay_tests::until("it is under way", super::SOON, async || {
        (receiver.got().len() == 1).then_some(())
    })
    .await
    .unwrap();
    // Nobody can write what comes of it while this transaction holds the row.
    let mut held = town.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM notify_delivery WHERE NOT test FOR UPDATE")
        .fetch_all(&mut *held)
        .await
        .unwrap();
    receiver.release();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                 AND query LIKE '%UPDATE notify_delivery SET state%'";
    mainstay_tests::until("the server wants to write it", super::SOON, async || {
        let waiting: i64 = sqlx::query_scalar(waits).fetch_one(&town.pool).await.ok()?;
        (waiting > 0).then_some(())
    })
    .await
    .unwrap();
    town.world.kill_server().unwrap();
    held.rollback().await.unwrap();
    town.world.start_server().await.unwrap();
    arrived(&town, &id).await;
    let got = receiver.got();
    assert_eq!(got.len(), 2, "once more, and not again");
    assert_eq!(got[0].id(), got[1].id());
    assert_eq!(got[0].body, got[1].body);
}
