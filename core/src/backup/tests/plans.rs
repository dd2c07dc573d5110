//! Single days, places and what is made instead, case by case.

use std::collections::BTreeSet;

use super::*;

/// Windows of `db` that begin in a stretch of UTC, with kind, place and chain.
#[track_caller]
fn check(zone: &str, policy: &str, from: &str, until: &str, expected: &[&str]) {
    let planned = plan(&fleet(zone, 10, policy), None, at(from), at(until));
    let shown = planned.iter().map(|it| {
        let time = |at: DateTime<Utc>| at.format("%d %H:%M").to_string();
        let (start, end, gone) = (time(it.window_start), time(it.window_end), it.expires_at);
        let (kind, place, chain) = (it.kind, &it.datacenter, &it.chain);
        format!("{start}-{end} {kind} {place} {chain} {}", gone.format("%m-%d %H:%M"))
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{zone} {from}");
}

#[test]
fn where_clocks_change_every_day_has_one_window() {
    let two = "full_every_days = 1\nwindow = \"02:15-02:45\"\nretention_days = 7\n";
    // 02:15 does not exist on 29 March: from 03:00, which is 01:00 of UTC, for half an hour.
    check(
        "Europe/Berlin",
        two,
        "2026-03-28T00:00:00Z",
        "2026-03-31T00:00:00Z",
        &[
            "28 01:15-28 01:45 full d7 db-2026-03-28 04-04 00:45",
            "29 01:00-29 01:30 full d8 db-2026-03-29 04-05 01:30",
            "30 00:15-30 00:45 full d9 db-2026-03-30 04-06 00:45",
        ],
    );
    // 02:15 comes twice on 25 October: the first.
    check(
        "Europe/Berlin",
        two,
        "2026-10-24T00:00:00Z",
        "2026-10-27T00:00:00Z",
        &[
            "24 00:15-24 00:45 full d7 db-2026-10-24 10-31 01:45",
            "25 00:15-25 00:45 full d8 db-2026-10-25 11-01 01:45",
            "26 01:15-26 01:45 full d9 db-2026-10-26 11-02 01:45",
        ],
    );
    // Midnight itself does not exist on 24 April in Cairo.
    check(
        "Africa/Cairo",
        DAILY,
        "2026-04-22T12:00:00Z",
        "2026-04-24T22:00:00Z",
        &[
            "22 22:00-22 22:30 full d3 db-2026-04-23 04-29 21:30",
            "23 22:00-23 22:30 full d4 db-2026-04-24 04-30 22:30",
            "24 21:00-24 21:30 full d5 db-2026-04-25 05-01 21:30",
        ],
    );
}

#[test]
fn a_date_that_a_zone_left_out_has_no_window() {
    let origin = "origin = \"2011-12-26\"\n";
    check(
        "Pacific/Apia",
        &format!("{DAILY}{origin}"),
        "2011-12-28T12:00:00Z",
        "2012-01-01T00:00:00Z",
        &[
            "29 10:00-29 10:30 full d4 db-2011-12-29 01-04 10:30",
            "30 10:00-30 10:30 full d6 db-2011-12-31 01-06 10:30",
            "31 10:00-31 10:30 full d7 db-2012-01-01 01-07 10:30",
        ],
    );
    // Friday's full fell out: Saturday has it, so that nothing stands on a full that never was.
    let friday = "full_on = [\"friday\"]\ndifferential = true\nwindow = \"00:00-00:30\"\n\
                  retention_days = 7\n";
    check(
        "Pacific/Apia",
        &format!("{friday}{origin}"),
        "2011-12-28T12:00:00Z",
        "2012-01-01T00:00:00Z",
        &[
            "29 10:00-29 10:30 differential d10 db-2011-12-23 01-04 10:30",
            "30 10:00-30 10:30 full d1 db-2011-12-31 01-11 10:30",
            "31 10:00-31 10:30 differential d1 db-2011-12-31 01-11 10:30",
        ],
    );
}

#[test]
fn by_literal_every_copy_moves_on_and_a_chain_still_goes_together() {
    check(
        "UTC",
        &format!("{TWICE_WEEKLY}rotation = \"literal\"\n"),
        "2026-01-01T00:00:00Z",
        "2026-01-07T00:00:00Z",
        &[
            "01 00:00-01 00:30 differential d1 db-2025-12-30 01-15 00:30",
            "02 00:00-02 00:30 full d2 db-2026-01-02 01-19 00:30",
            "03 00:00-03 00:30 differential d3 db-2026-01-02 01-19 00:30",
            "04 00:00-04 00:30 differential d4 db-2026-01-02 01-19 00:30",
            "05 00:00-05 00:30 differential d5 db-2026-01-02 01-19 00:30",
            "06 00:00-06 00:30 full d6 db-2026-01-06 01-22 00:30",
        ],
    );
}

#[test]
fn the_region_of_the_first_data_centre_has_the_clock() {
    let text = format!(
        "{}\n[[database]]\nid = \"far-db\"\ngroup = \"store\"\ndatacenters = [\"sin1\", \"fra1\"]\n\
         policy = \"daily\"\n[[database]]\nid = \"bare-db\"\ngroup = \"store\"\n\
         datacenters = [\"sin1\", \"fra1\"]\n",
        ENTERPRISE
    );
    let fleet = read::read(&text).expect("no mistake");
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-07-02T00:00:00Z"));
    let starts = |id: &str| {
        let id = DatabaseId::new(id).expect("an id");
        let planned = plan(&fleet, Some(&id), from, until);
        planned.iter().map(|it| it.window_start.format("%H:%M").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(starts("far-db"), ["16:00"], "midnight in Singapore");
    assert_eq!(starts("social-db"), ["22:00"], "in Frankfurt");
    assert_eq!(starts("telemetry-db"), ["04:00"], "in New York");
    assert!(starts("bare-db").is_empty(), "it has no policy");
    assert!(starts("no-db").is_empty());
    let all = plan(&fleet, None, from, until);
    assert!(all.is_sorted_by_key(|it| (it.window_start, it.database.clone())));
}

#[test]
fn the_next_in_turn_takes_what_another_cannot() {
    let fleet = fleet("UTC", 3, TWICE_WEEKLY);
    let schedule = schedule_of(&fleet);
    let planned = schedule.between(at("2026-01-02T00:00:00Z"), at("2026-01-04T00:00:00Z"));
    let [full, differential] = &planned[..] else { panic!("{planned:?}") };
    let away = |ids: &[&str]| ids.iter().map(|id| dc(id)).collect::<BTreeSet<_>>();
    let instead = |planned: &Planned, ids: &[&str]| {
        let moved = schedule.elsewhere(planned, &away(ids))?;
        Some(format!("{} {} {} {}", moved.kind, moved.datacenter, moved.chain, moved.expires_at))
    };
    let said = |text: &str| Some(text.to_owned());
    let as_it_was = "full d1 db-2026-01-02 2026-01-19 00:30:00 UTC";
    assert_eq!(instead(full, &[]), said(as_it_was));
    assert_eq!(instead(full, &["d2", "d3"]), said(as_it_was));
    assert_eq!(instead(full, &["d1", "d2"]), said(&as_it_was.replace("d1", "d3")));
    let own = "full d2 db-2026-01-03 2026-01-17 00:30:00 UTC";
    assert_eq!(instead(differential, &["d1"]), said(own), "a chain of its own");
    assert_eq!(instead(differential, &["d1", "d2", "d3"]), None);
    assert_eq!(schedule.next_in_turn(-1, &away(&[])), Some(&dc("d3")));
    assert_eq!(schedule.next_in_turn(2, &away(&["d3"])), Some(&dc("d1")));
    let literal = format!("{TWICE_WEEKLY}rotation = \"literal\"\n");
    let literal = schedule_of(&super::fleet("UTC", 3, &literal));
    let second = &literal.between(at("2026-01-03T00:00:00Z"), at("2026-01-04T00:00:00Z"))[0];
    let moved = literal.elsewhere(second, &away(&["d3"])).expect("there are others");
    assert_eq!((moved.kind, moved.datacenter), (Kind::Differential, dc("d1")));
}
