"""What is deployed for Prometheus and Grafana is true of the code: jobs, metrics, alerts, examples and docs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from folkmoot._telemetry.metrics import METRICS, Kind
from tests._support.composed import SERVICES, resolved
from tests._support.prometheus import promtool

from .files import ROOT

DEPLOY = ROOT / "deploy"
PROMETHEUS: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
GROUPS: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
EXAMPLES = Path(__file__).with_name("alerts.test.yml")
TESTS: list[dict[str, Any]] = yaml.safe_load(EXAMPLES.read_text())["tests"]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/folkmoot.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
OTHERS = {
    # Prometheus'
    "up",
    "ALERTS",
    # The SDK's
    "temporal_activity_schedule_to_start_latency_bucket",
    "temporal_num_pollers",
    "temporal_sticky_cache_size",
    "temporal_worker_task_slots_available",
    "temporal_worker_task_slots_used",
    "temporal_workflow_task_execution_failed",
    "temporal_workflow_task_schedule_to_start_latency_bucket",
    # The server's
    "approximate_backlog_age_seconds",
    "persistence_errors",
    "persistence_latency_bucket",
    "persistence_requests",
    "service_requests",
}
"""Metrics of others. That they are there, tests/acceptance/test_production.py sees."""
WORDS = {"sum", "max", "count", "rate", "increase", "absent", "vector", "topk", "by", "or", "histogram_quantile"}
WORDS |= {"max_over_time"}


def expressions() -> Iterator[tuple[str, str]]:
    """Every query, with where it is."""
    for name, rule in RULES.items():
        yield name, rule["expr"]
    for panel in PANELS:
        for target in panel.get("targets", []):
            yield f"{panel['title']}, {target['refId']}", target["expr"]


QUERIES = dict(expressions())


def series() -> dict[str, tuple[str, ...]]:
    """The series of our metrics, as Prometheus has them, with their labels."""
    found: dict[str, tuple[str, ...]] = {}
    for name, metric in METRICS.items():
        if metric.kind is Kind.HISTOGRAM:
            found |= {f"{name}_bucket": ("le", *metric.labels), f"{name}_count": metric.labels}
        else:
            found[name] = metric.labels
    return found


@pytest.mark.parametrize("where", QUERIES)
def test_a_query_asks_for_metrics_there_are_by_labels_they_have(where: str) -> None:
    expression = re.sub(r"\[[^\]]*\]", "", QUERIES[where])
    labels = {name for by in re.findall(r"by \(([^)]*)\)", expression) for name in by.split(", ")}
    selected = set(re.findall(r"(\w+)(?:=|!=|=~|!~)\"", expression))
    bare = re.sub(r"by \([^)]*\)|\{[^}]*\}", "", expression)
    names = set(re.findall(r"[A-Za-z_]\w*", bare)) - WORDS
    assert names, expression
    assert names <= series().keys() | OTHERS
    if names <= series().keys():
        for name in names:
            assert labels | selected <= {*series()[name], "instance", "job"}, name


# --- Prometheus


def test_prometheus_takes_its_files() -> None:
    said = promtool("check", "config", str(DEPLOY / "prometheus/prometheus.yml"))
    assert f"SUCCESS: {len(RULES)} rules found" in said
    (mount,) = [each for each in SERVICES["prometheus"]["volumes"] if each.startswith("./")]
    assert mount.startswith("./deploy/prometheus:/etc/prometheus")
    assert "--config.file=/etc/prometheus/prometheus.yml" in SERVICES["prometheus"]["command"]


def test_it_asks_the_services_where_they_tell() -> None:
    jobs = {job["job_name"]: job for job in PROMETHEUS["scrape_configs"]}
    assert jobs.keys() == {"worker", "api", "temporal", "prometheus"}
    for service in ("worker", "api"):
        (found,) = jobs[service]["dns_sd_configs"]
        address: str = SERVICES[service]["environment"]["FOLKMOOT_METRICS_ADDRESS"]
        assert (found["names"], found["type"]) == ([service], "A")
        assert address == f"0.0.0.0:{found['port']}"
    ((target,),) = [each["targets"] for each in jobs["temporal"]["static_configs"]]
    assert SERVICES["temporal"]["environment"]["PROMETHEUS_ENDPOINT"] == target.replace("temporal", "0.0.0.0")
    ((itself,),) = [each["targets"] for each in jobs["prometheus"]["static_configs"]]
    assert SERVICES["prometheus"]["ports"] == [f"127.0.0.1:9090:{itself.rpartition(':')[2]}"]


def test_the_alerts_do_what_their_examples_say(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES, tmp_path)
    shutil.copy(DEPLOY / "prometheus/alerts.yml", tmp_path)
    assert "SUCCESS" in promtool("test", "rules", EXAMPLES.name, cwd=tmp_path)


@pytest.mark.parametrize("name", RULES)
def test_an_alert_has_examples_of_firing_and_of_silence(name: str) -> None:
    looks = [look for test in TESTS for look in test["alert_rule_test"] if look["alertname"] == name]
    assert any(look["exp_alerts"] for look in looks)
    # A model that does well is silence, too.
    assert any(not look["exp_alerts"] for look in looks) or name == "FolkmootModelErrors"


@pytest.mark.parametrize("name", RULES)
def test_an_alert_is_told_of(name: str) -> None:
    rule = RULES[name]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    document, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.*)$", (ROOT / document).read_text(), re.MULTILINE)
    assert anchor in [heading.lower().replace(" ", "-") for heading in headings]
    assert anchor == name.lower()


# --- Grafana


def test_grafana_is_given_its_files() -> None:
    mounts = dict(mount.split(":")[:2] for mount in SERVICES["grafana"]["volumes"])
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    (provider,) = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/folkmoot.yml").read_text())["providers"]
    assert provider["options"]["path"] == mounts["./deploy/grafana/dashboards"]


def test_the_dashboard_asks_the_data_source_there_is() -> None:
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    wanted = {"type": source["type"], "uid": source["uid"]}
    for panel in PANELS:
        if panel["type"] != "row":
            assert panel["datasource"] == wanted
            assert all(target["datasource"] == wanted for target in panel["targets"])
    # A step shorter than what is scraped would show nothing.
    assert source["jsonData"]["timeInterval"] == PROMETHEUS["global"]["scrape_interval"]


def test_panels_have_ids_of_their_own_and_do_not_lie_on_each_other() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_query_has_a_window_that_fits_the_view() -> None:
    for panel in PANELS:
        for target in panel.get("targets", []):
            assert set(re.findall(r"\[([^\]]*)\]", target["expr"])) <= {"$__rate_interval", "1h"}


def test_the_metrics_that_matter_are_shown_or_alert() -> None:
    asked = " ".join(QUERIES.values())
    for name in METRICS:
        if name.startswith(("folkmoot_model_", "folkmoot_store_", "folkmoot_chats")) and not name.endswith(
            ("opened_total", "closed_total")
        ):
            assert name in asked


def test_versions_of_prometheus_are_of_the_kind_that_is_tested() -> None:
    """Its configuration has had no other form since version 2; 1 would not read the rules."""
    image = resolved(SERVICES["prometheus"]["image"], {})
    assert int(image.rpartition(":v")[2].partition(".")[0]) >= 2
