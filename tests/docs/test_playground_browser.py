"""The playground in a real browser: nothing from outside, every control works by key and click, and is accessible.

Chromium is driven over its debugging pipe (the DevTools protocol), which needs no driver and no package.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.cli.playground import SOURCES, page
from ratecheck.testbeds.quadratic import Quadratic
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.methods.adam import Adam
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.momentum import HeavyBall

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
AXE = Path(__file__).parent / "axe" / "axe.min.js"
PAGES = ("bench", "noise", "ravine", "adam", "decay", "groups", "counter")
FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here to open the playground with")


class Browser:
    """One tab of a headless Chromium."""

    def __init__(self, profile: Path) -> None:
        command, self._out = os.pipe()
        self._in, answer = os.pipe()
        # Chromium reads commands from file 3 and answers on file 4.
        shell = f'exec 3<&{command} 4>&{answer}; exec "$0" "$@"'
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        options += ["--disable-component-update", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, CHROMIUM, *options],
            pass_fds=(command, answer),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(command)
        os.close(answer)
        self._count, self._unread, self._session = 0, b"", ""
        self.events: list[dict[str, Any]] = []
        tab = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._count:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            part = os.read(self._in, 2**20)
            assert part, "Chromium ended"
            self._unread += part
        one, self._unread = self._unread.split(b"\0", 1)
        return json.loads(one)

    def js(self, expression: str) -> Any:
        done = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def key(self, name: str) -> None:
        codes = {
            "Tab": 9,
            "Enter": 13,
            " ": 32,
            "End": 35,
            "Home": 36,
            "ArrowRight": 39,
            "ArrowLeft": 37,
            "ArrowDown": 40,
        }
        fields = {"key": name, "code": "Space" if name == " " else name, "windowsVirtualKeyCode": codes[name]}
        text = {"text": "\r" if name == "Enter" else name} if name in (" ", "Enter") else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **fields, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **fields)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def show(self, name: str, *, width: int = 1200, height: int = 900, scheme: str = "light") -> None:
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.js(f"location.hash = 'none'; location.hash = {name!r}; {FRAMES}")
        assert self.js("document.querySelector('[aria-current]').dataset.page") == name.split("?")[0]

    def drawn(self) -> str:
        return self.js(
            f"{FRAMES}.then(() => document.getElementById('reading').textContent"
            " + document.getElementById('figures').innerHTML.replace(/clip\\d+/g, ''))"
        )

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._out)
        os.close(self._in)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("playground")
    path = folder / "playground.html"
    path.write_text(page(), encoding="utf-8")
    browser = Browser(folder / "profile")
    browser.events.clear()
    browser.send("Page.navigate", url=path.as_uri())
    browser.js("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))")
    yield browser
    browser.close()


@pytest.fixture
def axe(browser: Browser) -> None:
    if not browser.js("typeof axe === 'object'"):
        browser.js(AXE.read_text(encoding="utf-8"))


CONTROLS = "[...document.querySelectorAll('#controls input, #controls select')]"
# A setting that has an effect only beside another one is disabled without it.
NEED_ANOTHER = {
    ("bench", "beta"): "method=heavy-ball",
    ("bench", "seed"): "noise=0.5",
}
IDLE = {
    "bench?problem=resisting": {"beta", "dim", "kappa", "seed"},
    "bench?problem=pairs&method=stosign-momentum": {"kappa"},
    "ravine?optimal=true": {"eta", "beta"},
}


def works_by_keys(browser: Browser, control: str) -> bool:
    """Return whether a key on the control changes what is drawn, the address too, and leaves the focus."""
    before = browser.drawn()
    kind = browser.js(f"{{const one = document.getElementById('set-{control}'); one.focus(); one.type}}")
    browser.key({"range": "End", "checkbox": " "}.get(kind, "ArrowDown"))
    changed = browser.drawn() != before
    return changed and browser.js(f"document.activeElement.id === 'set-{control}' && location.hash.includes('?')")


@pytest.mark.parametrize("name", PAGES)
def test_every_control_changes_what_is_drawn_by_keys_alone(browser: Browser, name: str) -> None:
    browser.show(name)
    controls = browser.js(f"{CONTROLS}.map(one => one.id.slice(4))")
    assert len(controls) >= 5
    for control in controls:
        browser.show(f"{name}?{NEED_ANOTHER.get((name, control), '')}")
        assert works_by_keys(browser, control), control


@pytest.mark.parametrize("address", [*PAGES, *IDLE])
def test_settings_without_an_effect_are_disabled(browser: Browser, address: str) -> None:
    browser.show(address)
    idle = {control for name, control in NEED_ANOTHER if name == address} | IDLE.get(address, set())
    assert set(browser.js(f"{CONTROLS}.filter(one => one.disabled).map(one => one.id.slice(4))")) == idle


def middle(browser: Browser, selector: str) -> list[float]:
    return browser.js(
        f"{{const one = document.querySelector({selector!r}); one.scrollIntoView({{block: 'center'}});"
        " const box = one.getBoundingClientRect(); [box.x + box.width / 2, box.y + box.height / 2]}"
    )


def test_clicks_on_a_slider_a_box_the_map_and_a_page(browser: Browser) -> None:
    browser.show("ravine")
    for selector in ("#set-angle", "#set-optimal", "svg.pick"):
        before = browser.drawn()
        browser.click(*middle(browser, selector))
        assert browser.drawn() != before, selector
    # Where the map was clicked, the fast mode now stands, up to a step of the sliders, and the optimal tuning is left.
    stands = browser.js(
        "{const box = document.querySelectorAll('svg.pick circle')[1].getBoundingClientRect();"
        " [box.x + box.width / 2, box.y + box.height / 2]}"
    )
    assert stands == pytest.approx(middle(browser, "svg.pick"), abs=2)
    assert browser.js("document.getElementById('set-optimal').checked") is False
    browser.click(*middle(browser, "#pages a[data-page=adam]"))
    assert browser.js(f"{FRAMES}.then(() => document.querySelector('h1').textContent)").startswith("C")


def saved(browser: Browser, path: Path) -> list[tuple[str, float]]:
    for _ in range(100):
        if path.exists():
            break
        browser.js("new Promise(done => setTimeout(done, 30))")
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["chart", "series", "x", "y"]
    return [(series, float(y)) for _, series, _, y in rows]


def test_reset_and_saved_numbers(browser: Browser, tmp_path: Path) -> None:
    browser.show("bench")
    before = browser.drawn()
    browser.show("bench?eta=0.1&noise=7&method=nothing")
    assert browser.js("document.getElementById('set-noise').value + document.getElementById('set-method').value") == (
        "0gradient-descent"
    ), "an impossible value in the address was taken"
    assert browser.drawn() != before
    browser.click(*middle(browser, ".reset"))
    assert browser.drawn() == before
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.click(*middle(browser, "#controls button:not(.reset)"))
    gap = [value for series, value in saved(browser, tmp_path / "ratecheck-bench.csv") if series == "gap"]
    assert len(gap) == 101
    assert gap[0] == pytest.approx((1 + 10**-1.5) / 2, rel=1e-12)


@pytest.mark.parametrize("method", ["gradient-descent", "heavy-ball", "adam"])
def test_the_gap_that_is_drawn_is_that_of_the_package(browser: Browser, method: str, tmp_path: Path) -> None:
    browser.show(f"bench?problem=rotated&method={method}&dim=5&eta=0.1&steps=60&kappa=100")
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.click(*middle(browser, "#controls button:not(.reset)"))
    drawn = [gap for series, gap in saved(browser, tmp_path / "ratecheck-bench.csv") if series == "gap"]
    problem = Quadratic(tuple(np.geomspace(0.01, 1, 5)), (1.0,) * 5, np.pi / 4)
    mine = {"gradient-descent": Subgradient(0.1), "heavy-ball": HeavyBall(0.1, 0.8), "adam": Adam(0.1, 0.8)}[method]
    x = problem.start[None, :]
    state, gaps, oracle = mine.init(x), [problem.value(x)[0]], problem.oracle(Streams(0, "exact", range(1)))
    for _ in range(60):
        x, state = mine.step(x, state, oracle)
        gaps.append(problem.value(x)[0])
    # Both languages sum in their own order: some roundings of the largest gap.
    np.testing.assert_allclose(drawn, gaps, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
@pytest.mark.parametrize("name", PAGES)
def test_accessibility(browser: Browser, axe: None, name: str, width: int, scheme: str) -> None:
    # The whole page is in view, since axe cannot judge what the edge of the window cuts.
    browser.show(name, width=width, height=4000, scheme=scheme)
    browser.js("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    # axe cannot tell the ground of letters in an SVG; the test of contrast below looks at those colours.
    found = browser.js(
        "axe.run(document, {resultTypes: ['violations', 'incomplete']}).then(r => [...r.violations, ...r.incomplete]"
        ".map(v => [v.id, v.nodes.map(n => n.html).filter(h => v.id !== 'color-contrast' || !h.startsWith('<text'))])"
        ".filter(([, where]) => where.length))"
    )
    assert found == []
    assert browser.js("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_letters_of_charts_stand_out(browser: Browser, scheme: str) -> None:
    browser.show("bench", scheme=scheme)
    names = ["--ink", "--soft", "--accent", *(f"--c{i}" for i in range(6)), "--page", "--panel"]
    colours = browser.js(
        f"{{const style = getComputedStyle(document.documentElement);"
        f" Object.fromEntries({names!r}.map(name => [name, style.getPropertyValue(name).trim()]))}}"
    )

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for name in names[:9]:
        least = 4.5 if name in ("--ink", "--soft", "--accent") else 3.0
        for ground in ("--page", "--panel"):
            low, high = sorted([light(colours[name]), light(colours[ground])])
            assert (high + 0.05) / (low + 0.05) >= least, f"{name} on {ground}"


def test_focus_is_seen_and_goes_in_order(browser: Browser) -> None:
    browser.show("adam")
    browser.key("Tab")  # rings are shown to those who use keys
    browser.js("document.querySelector('.skip').focus()")
    order, rings = [], []
    for _ in range(40):
        here, ring = browser.js(
            "{const one = document.activeElement, style = getComputedStyle(one);"
            " [one.id || one.dataset.page || one.className || one.tagName, style.outlineStyle + style.outlineWidth]}"
        )
        if here in ("BODY", "skip") and order:
            break
        order.append(here)
        rings.append(ring)
        browser.key("Tab")
    settings = browser.js(f"{CONTROLS}.map(one => one.id)")
    assert order[: 1 + len(PAGES)] == ["skip", *PAGES]
    assert [one for one in order if one.startswith("set-")] == settings
    assert set(rings) == {"solid3px"}
    browser.js("document.querySelector('.skip').focus()")
    browser.key("Enter")
    assert browser.js("document.activeElement.id") == "main"


def test_every_control_has_a_label_and_says_its_value(browser: Browser) -> None:
    for name in PAGES:
        browser.show(name)
        bare = browser.js(
            "[...document.querySelectorAll('#controls input, #controls select')].filter(one => !one.labels.length"
            " || (one.type === 'range' && !one.getAttribute('aria-valuetext'))).map(one => one.id)"
        )
        nameless = browser.js("[...document.querySelectorAll('figure > svg')].filter(one => !one.ariaLabel).length")
        assert (bare, nameless) == ([], 0)


def test_nothing_is_asked_from_outside_and_nothing_fails(browser: Browser) -> None:
    for name in PAGES:
        browser.show(name)
    asked = {e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"}
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}
    assert len([url for url in asked if url.startswith("file:")]) == 1
    failures = [e for e in browser.events if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
    assert failures == []


def test_the_page_needs_no_file_beside_it() -> None:
    text = page()
    assert not re.findall(r"^(import|export) ", text, flags=re.MULTILINE)
    assert len(text) < 150_000
    assert all(f'"./{path.name}"' not in text for path in (SOURCES / "js").glob("*.js"))
