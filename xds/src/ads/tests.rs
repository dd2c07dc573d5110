//! The order of what an edge is told, with the edge's answers made up: each case is one way in
//! which a real Envoy would stall, lose requests or hide what it refused.

use mainstay_core::id::{DatacenterId, RegionId, ServiceId};
use mainstay_core::routing::{EdgePlace, ServiceRouting, Weight};

use super::session::Session;
use super::*;
use crate::pb::discovery::{DeltaDiscoveryRequest, DeltaDiscoveryResponse};
use crate::resources::ROUTES;
use envoy_types::pb::google::rpc;

/// A server's side of one edge, and what the edge answers.
struct Scene {
    published: Published,
    session: Session,
}

/// A routing of one service: its versions, weights and limit of requests in flight.
fn routing(revision: u64, versions: &[&str], weights: &[(&str, u16)], in_flight: u32) -> Routing {
    let mut feed = ServiceRouting { health_path: "/health".to_owned(), ..Default::default() };
    for version in versions {
        let here = (DatacenterId::new("fra1").unwrap(), vec![format!("10.0.0.{revision}:80")]);
        feed.versions.insert((*version).to_owned(), [here].into());
    }
    feed.default = weights
        .iter()
        .map(|(version, weight)| Weight { version: (*version).to_owned(), weight: *weight })
        .collect();
    feed.limits.in_flight = in_flight;
    let place = EdgePlace {
        region: RegionId::new("eu").unwrap(),
        datacenter: DatacenterId::new("fra1").unwrap(),
    };
    Routing {
        revision,
        services: [(ServiceId::new("feed").unwrap(), feed)].into(),
        edges: [(EdgeId::new("edge").unwrap(), place)].into(),
        ..Default::default()
    }
}

impl Scene {
    fn new(routing: Routing) -> Self {
        let edge = EdgeId::new("edge").unwrap();
        let session = Session::new(&edge, "127.0.0.1:80".parse().unwrap());
        Self { published: Published::next(None, Arc::new(routing)), session }
    }

    /// An edge that has everything.
    fn settled(routing: Routing) -> Self {
        let mut scene = Self::new(routing);
        for kind in [Kind::Cluster, Kind::Listener, Kind::VirtualHost] {
            scene.ask(kind, &[], &[]);
        }
        scene.ask(Kind::Routes, &[ROUTES], &[]);
        let clusters: Vec<String> =
            scene.view().clusters.names().map(ToString::to_string).collect();
        let clusters: Vec<&str> = clusters.iter().map(String::as_str).collect();
        scene.ask(Kind::Endpoints, &clusters, &[]);
        scene.accept_all();
        scene
    }

    fn view(&self) -> Arc<view::View> {
        self.published.view(&EdgeId::new("edge").unwrap()).unwrap().clone()
    }

    fn publish(&mut self, routing: Routing) {
        self.published = Published::next(Some(&self.published), Arc::new(routing));
        self.session.wake(&self.view(), self.published.at);
    }

    fn receive(&mut self, request: DeltaDiscoveryRequest) {
        let (view, at) = (self.view(), self.published.at);
        self.session.receive(request, &view, at, Utc::now());
    }

    fn ask(&mut self, kind: Kind, names: &[&str], has: &[(&str, &str)]) {
        self.receive(DeltaDiscoveryRequest {
            type_url: kind.type_url().to_owned(),
            resource_names_subscribe: names.iter().map(ToString::to_string).collect(),
            initial_resource_versions: has
                .iter()
                .map(|(name, version)| (name.to_string(), version.to_string()))
                .collect(),
            ..Default::default()
        });
    }

    /// All that is told now.
    fn told(&mut self) -> Vec<DeltaDiscoveryResponse> {
        let view = self.view();
        std::iter::from_fn(|| self.session.next(&self.published, &view)).collect()
    }

    fn answer(&mut self, response: &DeltaDiscoveryResponse, error: Option<&str>) {
        self.receive(DeltaDiscoveryRequest {
            type_url: response.type_url.clone(),
            response_nonce: response.nonce.clone(),
            error_detail: error
                .map(|words| rpc::Status { message: words.to_owned(), ..Default::default() }),
            ..Default::default()
        });
    }

    fn accept_all(&mut self) {
        loop {
            let told = self.told();
            if told.is_empty() {
                break;
            }
            told.iter().for_each(|response| self.answer(response, None));
        }
    }

    /// Accepts all but the first.
    fn accept_endpoints(&mut self, told: &[DeltaDiscoveryResponse]) {
        told.iter().skip(1).for_each(|response| self.answer(response, None));
    }

    fn done(&self) -> Option<u64> {
        self.session.done(&self.view())
    }
}

/// Kinds and names; what is taken away with a minus.
fn names(told: &[DeltaDiscoveryResponse]) -> Vec<String> {
    let of = |response: &DeltaDiscoveryResponse| {
        let kind = Kind::from_type_url(&response.type_url).unwrap();
        let gone = response.removed_resources.iter().map(|name| format!("-{name}"));
        let all = response.resources.iter().map(|told| told.name.clone()).chain(gone);
        format!("{kind:?} {}", all.collect::<Vec<_>>().join(" "))
    };
    told.iter().map(of).collect()
}

#[test]
fn a_virtual_host_waits_for_its_clusters_and_clusters_outlive_it() {
    let mut scene = Scene::settled(routing(1, &["1"], &[("1", 10_000)], 9));
    assert_eq!(scene.done(), Some(1));
    // A new version and its share at once: first the cluster, then its endpoints, then the share.
    scene.publish(routing(1, &["1", "2"], &[("1", 5_000), ("2", 5_000)], 9));
    let told = scene.told();
    assert_eq!(names(&told), ["Cluster feed/2"]);
    assert_eq!(scene.done(), Some(1));
    scene.answer(&told[0], None);
    assert_eq!(names(&scene.told()), [""; 0], "Envoy has not asked for the endpoints yet");
    scene.ask(Kind::Endpoints, &["feed/2"], &[]);
    let told = scene.told();
    assert_eq!(names(&told), ["Endpoints feed/2"]);
    scene.answer(&told[0], None);
    let told = scene.told();
    assert_eq!(names(&told), ["VirtualHost mainstay/feed"]);
    scene.answer(&told[0], None);
    scene.accept_all();
    assert_eq!(scene.done(), Some(2));
    // Back: the share goes first, then the cluster.
    scene.publish(routing(1, &["1"], &[("1", 10_000)], 9));
    let told = scene.told();
    assert_eq!(names(&told), ["Endpoints -feed/2", "VirtualHost mainstay/feed"]);
    told.iter().for_each(|response| scene.answer(response, None));
    assert_eq!(names(&scene.told()), ["Cluster -feed/2"]);
}

#[test]
fn a_rollback_does_not_wait_for_anything_on_its_way() {
    let mut scene = Scene::settled(routing(1, &["1", "2"], &[("1", 5_000), ("2", 5_000)], 9));
    // Limits change the clusters, and a third version comes: none of it is answered.
    scene.publish(routing(1, &["1", "2", "3"], &[("1", 5_000), ("3", 5_000)], 8));
    assert_eq!(names(&scene.told()).first().unwrap(), "Cluster feed/1 feed/2 feed/3");
    scene.publish(routing(1, &["1", "2", "3"], &[("1", 10_000)], 8));
    assert_eq!(names(&scene.told()), ["VirtualHost mainstay/feed"]);
}

#[test]
fn a_changed_cluster_gets_its_endpoints_again_although_it_has_them() {
    let mut scene = Scene::settled(routing(1, &["1"], &[("1", 10_000)], 9));
    scene.publish(routing(1, &["1"], &[("1", 10_000)], 8));
    assert_eq!(names(&scene.told()), ["Cluster feed/1", "Endpoints feed/1"]);
}

#[test]
fn a_new_stream_is_told_only_what_it_lacks() {
    let before = Scene::settled(routing(1, &["1"], &[("1", 10_000)], 9));
    let mut scene = Scene::new(routing(1, &["1"], &[("1", 10_000)], 9));
    let view = before.view();
    let cluster = view.clusters.get("feed/1").unwrap().version.clone();
    let endpoints = view.endpoints.get("feed/1").unwrap().version.clone();
    scene.ask(Kind::Cluster, &[], &[("feed/1", &cluster), ("feed/old", "0")]);
    let told = scene.told();
    assert_eq!(names(&told), ["Cluster "], "the old one is kept until the hosts are known");
    scene.answer(&told[0], None);
    scene.ask(Kind::Endpoints, &["feed/1"], &[("feed/1", &endpoints)]);
    assert_eq!(names(&scene.told()), [""; 0]);
    scene.ask(Kind::VirtualHost, &[], &[("mainstay/feed", "an older version")]);
    let told = scene.told();
    assert_eq!(names(&told), ["VirtualHost mainstay/feed"]);
    scene.answer(&told[0], None);
    assert_eq!(names(&scene.told()), ["Cluster -feed/old"]);
}

#[test]
fn what_was_refused_together_is_told_one_by_one_to_find_the_culprit() {
    let mut scene = Scene::settled(routing(1, &["1", "2"], &[("1", 10_000)], 9));
    scene.publish(routing(2, &["1", "2"], &[("1", 10_000)], 8));
    let told = scene.told();
    assert_eq!(names(&told)[0], "Cluster feed/1 feed/2");
    for response in &told {
        let error = (response.nonce == told[0].nonce).then_some("I will not");
        scene.answer(response, error);
    }
    assert_eq!(scene.session.nacks()[0].names, ["feed/1", "feed/2"]);
    let told = scene.told();
    assert_eq!(names(&told)[0], "Cluster feed/1");
    scene.accept_endpoints(&told);
    scene.answer(&told[0], None);
    let told = scene.told();
    assert_eq!(names(&told)[0], "Cluster feed/2");
    scene.accept_endpoints(&told);
    scene.answer(&told[0], Some("not that one"));
    scene.accept_all();
    let nack = scene.session.nacks().remove(0);
    assert_eq!(
        (nack.names.as_slice(), nack.message.as_str()),
        (&["feed/2".to_owned()][..], "not that one")
    );
    assert_eq!(scene.done(), Some(2), "all is there but what its service's refusal holds up");
    // Other things go on; it is not told again until it changes.
    scene.publish(routing(2, &["1", "2"], &[("2", 10_000)], 8));
    let told = scene.told();
    assert_eq!(names(&told), ["VirtualHost mainstay/feed"]);
    scene.answer(&told[0], None);
    scene.publish(routing(2, &["1", "2"], &[("2", 10_000)], 7));
    scene.accept_all();
    assert_eq!((scene.session.nacks(), scene.done()), (Vec::new(), Some(4)));
}

#[test]
fn a_refused_change_that_is_taken_back_is_no_refusal() {
    let mut scene = Scene::settled(routing(1, &["1"], &[("1", 10_000)], 9));
    scene.publish(routing(1, &["1"], &[("1", 10_000)], 8));
    let told = scene.told();
    scene.answer(&told[0], Some("no"));
    scene.accept_endpoints(&told);
    assert_eq!(scene.session.nacks().len(), 1);
    scene.publish(routing(1, &["1"], &[("1", 10_000)], 9));
    scene.accept_all();
    assert_eq!((scene.session.nacks(), scene.done()), (Vec::new(), Some(3)));
}

#[test]
fn an_answer_to_something_else_is_none() {
    let mut scene = Scene::settled(routing(1, &["1"], &[("1", 10_000)], 9));
    scene.publish(routing(1, &["1"], &[("1", 0)], 9));
    let mut told = scene.told();
    assert_eq!(told.len(), 1);
    told[0].nonce = "0".to_owned();
    scene.answer(&told[0], None);
    assert_eq!(scene.done(), Some(1));
}
