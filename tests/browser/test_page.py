"""The report in a real browser: it opens quietly, answers mouse and keys, and lets no harm in."""

import time

import pytest

from hostile import IDS

PHONE, TABLET, DESKTOP = (390, 844), (820, 1180), (1440, 1000)


def names(page, spot):
    """The lines of a spot's label."""
    return page.js("arguments[0].getAttribute('aria-label')", spot).split("\n")


def keys(page, *pressed):
    """Press keys, one after the other."""
    from selenium.webdriver.common.action_chains import ActionChains

    for key in pressed:
        ActionChains(page.driver).send_keys(key).perform()


def focused(page):
    """The class of what has the focus."""
    return page.js("document.activeElement.getAttribute('class')")


def test_it_opens_quietly(page, case):
    """No complaint, and no request but for the file itself."""
    page.open(case)
    asked = [url for url in page.requests if not url.startswith("about:")]

    assert page.console == []
    assert asked == [case.as_uri()]
    assert page.driver.title == "74-year-old man, COVID-19 ARDS: IL-7 from day 24"


def test_the_report_of_a_patient_is_small(case):
    """Less than 1 MB."""
    assert case.stat().st_size < 1_000_000


def test_a_point_tells_all_of_itself(page, case):
    """The mouse over the highest CD4 count: value, flag, range, day, window, last dose."""
    from selenium.webdriver.common.action_chains import ActionChains

    page.open(case)
    spot = page.one('.windows .spot[aria-label^="CD4⁺ T cells: 830"]')
    page.js("arguments[0].scrollIntoView({block: 'center'})", spot)
    ActionChains(page.driver).move_to_element(spot).perform()

    assert page.tip.split("\n") == [
        "CD4⁺ T cells: 830 cells/µL",
        "● N in range",
        "Range 414–1\u2009123 (covid-cohort-2020)",
        "Day 34",
        "Grade 0",
        "Change +9.21 %",
        "Window D33: max of 2",
        "1 day after the last dose",
        "illustrative value",
    ]


def test_panels_share_a_cursor(page, case):
    """The mouse in one panel draws a line on the same day in every panel and lane."""
    from selenium.webdriver.common.action_chains import ActionChains

    page.open(case)
    spot = page.one('.windows .spot[aria-label^="CD4⁺ T cells: 830"]')
    page.js("arguments[0].scrollIntoView({block: 'center'})", spot)
    ActionChains(page.driver).move_to_element(spot).perform()
    shown = page.all(".windows .cursor")

    assert len(shown) == 6
    assert page.one("output").text == "Day 34.0"


def test_the_tab_key_goes_from_panel_to_panel_and_arrows_from_point_to_point(page, case):
    """Each panel is one stop; Escape closes the tip."""
    from selenium.webdriver.common.keys import Keys

    page.open(case)
    page.js("document.querySelector('[data-zoom=all]').focus()")
    for _ in range(40):
        keys(page, Keys.TAB)
        if page.tip.startswith("Lymphocytes"):
            break
    first = page.tip.split("\n")[0]
    keys(page, Keys.ARROW_RIGHT)
    second = page.tip.split("\n")[0]
    keys(page, Keys.TAB)
    other = page.tip.split("\n")[0]
    keys(page, Keys.ESCAPE)

    assert [first, second, other] == [
        "Lymphocytes: 420 cells/µL",
        "Lymphocytes: 380 cells/µL",
        "CD4⁺ T cells: 165 cells/µL",
    ]
    assert page.tip == ""
    assert focused(page) == "spot"


def test_every_sample_in_place_of_the_windows(page, case):
    """The other figure is shown, and the address says so."""
    page.open(case)
    page.one("input[value=samples]").click()
    shown = [panel.value_of_css_property("display") for panel in page.all(".panels")]

    assert shown == ["none", "grid"]
    assert page.js("location.hash") == "#values=samples"


def test_a_lane_can_be_hidden(page, case):
    """It goes from each strip, and comes back by the address."""
    page.open(case)
    page.one("input[value=PCR]").click()
    hidden = {lane.get_attribute("data-lane") for lane in page.all("[data-lane][hidden]")}
    page.open(case, "#hide=Steroids")
    by_address = {lane.get_attribute("data-lane") for lane in page.all("[data-lane][hidden]")}

    assert (hidden, by_address) == ({"PCR"}, {"Steroids"})


def test_zoom_shows_some_days(page, case):
    """Days 20 to 30: no mark outside, ticks of these days only, and back again."""
    page.open(case, "#days=20..30")
    ticks = [text.text for text in page.all(".windows svg:first-of-type .ticks text")][:6]
    inside = page.js(
        "[...document.querySelectorAll('.windows .spot:not([hidden])')].every((spot) => {"
        "const box = spot.ownerSVGElement.dataset.box.split(' ').map(Number);"
        "const x = Number(spot.getAttribute('x')) + 7; return x > box[0] - 1 && x < box[1] + 1})"
    )
    stem, head = (
        page.js("arguments[0].getBBox()", path)
        for path in page.all(".windows [data-g=dose] path")[:2]
    )
    few = len(page.all(".windows .spot:not([hidden])"))
    page.one("[data-zoom=all]").click()
    many = len(page.all(".windows .spot:not([hidden])"))

    assert ticks == ["20", "22", "24", "26", "28", "30"]
    assert inside
    assert abs(stem["x"] - head["x"] - head["width"] / 2) < 0.1
    assert 0 < few < many
    assert page.js("location.hash") == ""


def test_a_drag_across_a_panel_zooms(page, case):
    """From a quarter to a half of its width."""
    from selenium.webdriver.common.action_chains import ActionChains

    page.open(case)
    panel = page.one(".windows svg")
    page.js("arguments[0].scrollIntoView({block: 'center'})", panel)
    actions = ActionChains(page.driver).move_to_element_with_offset(panel, -60, 20)
    actions.click_and_hold().move_by_offset(80, 0).release().perform()
    first, last = (
        float(page.one(f"[name={end}]").get_attribute("value")) for end in ("from", "to")
    )

    assert -1 < first < last < 48
    assert page.js("location.hash").startswith("#days=")


def test_a_patient_is_found_and_opened(page, hostile):
    """By search and click; the address keeps it, and another opens it again."""
    page.open(hostile)
    page.one("input[type=search]").send_keys("mal &")
    rows = [row for row in page.all(".picker tbody tr") if row.is_displayed()]
    rows[0].find_element("css selector", "button").click()
    heading = page.settled().one("#chapter h2").text
    page.open(hostile, page.js("location.hash")).settled()

    assert len(rows) == 1
    assert heading == page.one("#chapter h2").text == "Patient n'or\"mal & <b>"


def test_the_list_of_patients_is_sorted_by_a_click(page, hostile):
    """Once up, twice down."""
    page.open(hostile)
    head = page.one(".picker thead th:nth-child(5) button")
    orders = []
    for _ in range(2):
        head.click()
        orders.append([int(cell.text) for cell in page.all(".picker tbody td:nth-child(5)")])

    assert orders == [sorted(orders[0]), sorted(orders[0], reverse=True)]


def test_hostile_texts_do_nothing_and_can_be_read(page, hostile):
    """Every patient is opened: no script of theirs runs, no request is made."""
    page.open(hostile)
    seen = []
    for button in page.all(".picker tbody button"):
        button.click()
        page.settled()
        seen.append(page.one("#chapter dd").text)
        for spot in page.all(".strip .spot, .panels .spot")[:3]:
            page.js("arguments[0].focus()", spot)

    expected = [name.replace("\u202e", "\ufffd").replace("\u202c", "\ufffd") for name in IDS]
    assert seen == expected
    assert page.js("window.hacked") is None
    assert page.console == []
    assert [url for url in page.requests if not url.startswith(("file:", "about:"))] == []


@pytest.mark.parametrize(
    "harm",
    [
        "make('script', 'window.hacked=1')",
        "make('div', '').setAttribute('onclick', 'window.hacked=1'); last.click()",
        "const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i)",
        "fetch('http://127.0.0.1:9/x').catch(() => 0)",
        "make('style', 'body{color:red}')",
        "make('p', '').setAttribute('style', 'color:red')",
    ],
)
def test_the_policy_stops_what_is_not_the_pages_own(page, case, harm):
    """Scripts, handlers, images, requests and styles that somebody smuggles in are refused."""
    page.open(case)
    page.driver.execute_script(
        "window.refused = 0; document.addEventListener('securitypolicyviolation', "
        "() => { window.refused += 1 }); let last; const make = (name, text) => { "
        "last = document.createElement(name); last.textContent = text; "
        f"document.body.append(last); return last }}; {harm}"
    )
    page.until("window.refused >= 1")
    time.sleep(0.3)

    assert page.js("window.hacked") is None


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP, (720, 500)])
def test_nothing_hangs_over_the_edge(page, case, size):
    """On a phone, a tablet, a desk, and on a desk at 200 %."""
    page.open(case, "", *size)

    assert page.js("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("name", ["case", "hostile"])
def test_axe_finds_nothing(page, axe, request, name, size, dark):
    """WCAG 2.2 A and AA, and best practices, as far as a program can see."""
    page.open(request.getfixturevalue(name), "", *size, dark=dark)
    page.driver.execute_script(axe)
    found = page.driver.execute_async_script(
        "const done = arguments[0]; axe.run().then((r) => done(r.violations.map((v) => "
        "[v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary])))"
    )

    assert found == []


def test_the_last_of_five_hundred_patients_can_be_opened(page, cohort):
    """The page scrolls, and the search leads to the patient."""
    page.open(cohort)
    page.driver.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    scrolled = page.js("window.scrollY")
    page.one("input[type=search]").send_keys("S499")
    page.one(".picker tbody tr:not([hidden]) button").click()

    assert scrolled > 0
    assert page.settled().one("#chapter h2").text == "Patient S499"


def test_without_motion_nothing_moves(page, case):
    """A reader who asks for reduced motion gets none."""
    page.open(case)
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]},
    )

    assert page.js("getComputedStyle(document.getElementById('tip')).transitionDuration") == "0s"


def test_it_prints_without_its_controls(page, case):
    """On paper, also from a dark screen: figure and tables, dark on light, nothing to click."""
    page.open(case, "#theme=dark")
    paper = "getComputedStyle(document.querySelector('.notice')).backgroundColor"
    on_screen = page.js(paper)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = [tool.is_displayed() for tool in page.all(".tools, .theme")]
    on_paper = page.js(paper)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    assert shown == [False, False]
    assert (on_screen, on_paper) == ("rgb(51, 43, 23)", "rgb(255, 246, 224)")
