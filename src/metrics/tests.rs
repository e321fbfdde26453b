use std::time::Duration;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Colour {
    Red,
    Green,
}

impl Label for Colour {
    const NAME: &'static str = "colour";

    fn all() -> Vec<Self> {
        vec![Self::Red, Self::Green]
    }

    fn value(self) -> Cow<'static, str> {
        format!("{self:?}").to_lowercase().into()
    }
}

fn lines(metrics: &Metrics, format: Format) -> Vec<String> {
    format.encode(&[metrics]).lines().map(str::to_owned).collect()
}

#[test]
fn every_value_of_a_label_has_a_series_from_the_start() {
    let metrics = Metrics::default();
    let balls = metrics.counters("balls", "Balls");
    balls.inc(Colour::Green);
    let mut lines = lines(&metrics, Format::Plain);
    lines.sort();
    assert_eq!(
        lines,
        [
            "# HELP vouch_balls_total Balls.",
            "# TYPE vouch_balls_total counter",
            "vouch_balls_total{colour=\"green\"} 1",
            "vouch_balls_total{colour=\"red\"} 0",
        ]
    );
}

#[test]
fn only_openmetrics_has_an_end() {
    let metrics = Metrics::default();
    metrics.counter("balls", "Balls").inc();
    let open = Format::OpenMetrics.encode(&[&metrics, &Metrics::default()]);
    assert_eq!(open, "# HELP vouch_balls Balls.\n# TYPE vouch_balls counter\nvouch_balls_total 1\n# EOF\n");
    assert!(!Format::Plain.encode(&[&metrics]).contains("EOF"));
}

#[test]
fn a_duration_is_in_the_first_bucket_that_is_long_enough() {
    let metrics = Metrics::default();
    let seconds = metrics.seconds("waits_seconds", "Waits");
    for millis in [1, 2, 1_500, 60_000] {
        seconds.observe(Duration::from_millis(millis));
    }
    let lines = lines(&metrics, Format::Plain);
    for line in [
        "vouch_waits_seconds_bucket{le=\"0.001\"} 1",
        "vouch_waits_seconds_bucket{le=\"0.0025\"} 2",
        "vouch_waits_seconds_bucket{le=\"1\"} 2",
        "vouch_waits_seconds_bucket{le=\"2.5\"} 3",
        "vouch_waits_seconds_bucket{le=\"10\"} 3",
        "vouch_waits_seconds_bucket{le=\"+Inf\"} 4",
        "vouch_waits_seconds_sum 61.503",
        "vouch_waits_seconds_count 4",
    ] {
        assert!(lines.iter().any(|other| other == line), "{line} is not in {lines:#?}");
    }
}

#[test]
fn whatever_the_method_and_the_status_there_is_a_label() {
    let metrics = Metrics::default();
    let requests = metrics.requests("requests_seconds", "Requests");
    let route = requests.route("/a/{b}".to_owned());
    for (method, status) in [("GET", 200), ("BREW", 418), ("get", 999), ("GET", 0)] {
        route.observe(method, status, Duration::ZERO);
    }
    requests.route("/a/{b}".to_owned()).observe("GET", 204, Duration::ZERO);
    requests.unmatched().observe("POST", 404, Duration::ZERO);
    let lines = lines(&metrics, Format::Plain);
    let counted = lines.iter().filter_map(|line| line.strip_prefix("vouch_requests_seconds_count"));
    assert_eq!(
        counted.collect::<Vec<_>>(),
        [
            "{route=\"/a/{b}\",method=\"GET\",status=\"1xx\"} 1",
            "{route=\"/a/{b}\",method=\"GET\",status=\"2xx\"} 2",
            "{route=\"/a/{b}\",method=\"other\",status=\"4xx\"} 1",
            "{route=\"/a/{b}\",method=\"other\",status=\"5xx\"} 1",
            "{route=\"unmatched\",method=\"POST\",status=\"4xx\"} 1",
        ]
    );
}
