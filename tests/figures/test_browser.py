"""The controls of the report in a real browser, where one is installed."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from ratecheck.figures.report import report_html
from ratecheck.figures.results import Results

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")

SCRIPT = """
const out = {};
const ids = () => [...table.querySelectorAll("tbody.claim")].filter(body => !body.hidden).map(body => body.id);
const set = (name, value) => {
  field(name)[name === "odd" ? "checked" : "value"] = value;
  field(name).dispatchEvent(new Event("input", {bubbles: true}));
};
const press = name => [...table.querySelectorAll("thead button")].find(b => b.textContent === name).click();
out.hash = [document.getElementById("details-d-lower").hidden, document.getElementById("details-a-mean").hidden];
set("words", "stosignsgd planted"); out.words = ids(); set("words", "");
set("verdict", "refuted"); out.refuted = ids(); out.count = field("count").textContent; set("verdict", "");
set("source", "sgg"); out.sgg = ids(); set("source", "");
set("kind", "expectation"); out.kind = ids(); set("kind", "");
set("odd", true); out.odd = ids(); set("odd", false);
press("rate"); out.up = ids(); press("rate"); out.down = ids();
out.sorted = [...table.querySelectorAll("th")].map(th => th.getAttribute("aria-sort"));
field("expand").click(); out.open = document.querySelectorAll(".details:not([hidden])").length;
field("expand").click(); out.closed = document.querySelectorAll(".details:not([hidden])").length;
const toggle = document.querySelector(".toggle");
toggle.focus(); out.focused = document.activeElement === toggle;
toggle.click(); out.expanded = toggle.getAttribute("aria-expanded");
out.outside = performance.getEntriesByType("resource").map(entry => entry.name);
out.wide = document.documentElement.scrollWidth <= innerWidth;
document.title = JSON.stringify(out);
"""


@pytest.fixture(scope="module")
def seen(results: Results, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not BROWSER:
        pytest.skip("no Chromium here")
    folder = tmp_path_factory.mktemp("browser")
    page = folder / "report.html"
    text = report_html(results.claims)
    assert text.count("visit();\n</script>") == 1
    page.write_text(text.replace("visit();\n</script>", f"visit();\n{SCRIPT}</script>"), encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--no-first-run", "--disable-component-update", f"--user-data-dir={folder / 'profile'}"]
    command += ["--window-size=600,900", "--dump-dom", f"{page.as_uri()}#d-lower"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    title = re.search("<title>(.*?)</title>", done.stdout.decode(), flags=re.DOTALL)
    assert title is not None
    found: dict[str, Any] = json.loads(html.unescape(title[1]))
    return found


def test_an_address_with_a_claim_opens_it(seen: dict[str, Any]) -> None:
    assert seen["hash"] == [False, True]


def test_filters(seen: dict[str, Any], results: Results) -> None:
    assert seen["words"] == ["b-refuted", "c-odd"]
    assert seen["refuted"] == [one.id for one in results.claims if one.verdict == "refuted"]
    assert seen["count"] == f"{len(seen['refuted'])} of {len(results.claims)} claims"
    assert seen["sgg"] == ["e-law", "i-negative"]
    assert seen["kind"] == ["a-mean", "b-refuted"]
    assert seen["odd"] == ["c-odd"]


def test_sorting_keeps_claims_without_a_number_last(seen: dict[str, Any], results: Results) -> None:
    slopes = {one.id: one.slope for one in results.claims}
    known = [name for name in seen["up"] if slopes[name] is not None]
    assert [slopes[name] for name in known] == sorted(slopes[name] for name in known)
    assert [slopes[name] for name in seen["up"][len(known) :]] == [None] * (len(slopes) - len(known))
    again = [slopes[name] for name in seen["down"]][: len(known)]
    assert again == [slopes[name] for name in known][::-1]
    assert [slopes[name] for name in seen["down"][len(known) :]] == [None] * (len(slopes) - len(known))
    assert seen["sorted"].count("descending") == 1
    assert seen["sorted"].count(None) == len(seen["sorted"]) - 1


def test_expanding(seen: dict[str, Any], results: Results) -> None:
    assert (seen["open"], seen["closed"]) == (len(results.claims), 0)
    assert seen["focused"]
    assert seen["expanded"] == "true"


def test_no_request_and_no_sideways_scrolling_on_a_phone(seen: dict[str, Any]) -> None:
    assert seen["outside"] == []
    assert seen["wide"]
