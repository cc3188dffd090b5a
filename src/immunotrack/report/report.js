"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const root = document.documentElement;
  const main = document.getElementById("chapter");
  const tip = document.getElementById("tip");
  const picker = document.querySelector(".picker");
  const all = (inside, query) => [...inside.querySelectorAll(query)];
  const state = { patient: "", days: null, values: "windows", hide: new Set(), theme: "" };
  let panes = [], shownChapter = "0", firstChapter = null;

  // --- the state, which the address carries

  const remember = () => {
    const said = new URLSearchParams();
    if (picker && state.patient) said.set("patient", state.patient);
    if (state.days) said.set("days", state.days.join(".."));
    if (state.values === "samples") said.set("values", "samples");
    state.hide.forEach((name) => said.append("hide", name));
    if (state.theme) said.set("theme", state.theme);
    const text = `#${said}`;
    try { history.replaceState(null, "", text); } catch { location.replace(text); }
  };

  const recall = () => {
    const said = new URLSearchParams(location.hash.slice(1));
    const days = (said.get("days") || "").split("..").map(Number);
    state.patient = said.get("patient") || "";
    state.days = days.length === 2 && days.every(Number.isFinite) && days[0] < days[1] ? days : null;
    state.values = said.get("values") === "samples" ? "samples" : "windows";
    state.hide = new Set(said.getAll("hide"));
    state.theme = ["light", "dark"].includes(said.get("theme")) ? said.get("theme") : "";
  };

  // --- zoom: every mark has its place on the axis of days, and is put there again

  const make = (name, about) => {
    const node = document.createElementNS(SVG, name);
    Object.entries(about).forEach(([key, value]) => node.setAttribute(key, value));
    return node;
  };

  const moved = (path, to) => {
    let across = true;
    return path.split(/\s+/).map((part) => {
      if (!part || Number.isNaN(Number(part))) { across = true; return part; }
      const said = across ? to(Number(part)).toFixed(2) : part;
      across = !across;
      return said;
    }).join(" ");
  };

  const prepare = (svg, number) => {
    const [x0, x1, y0, y1] = svg.dataset.box.split(" ").map(Number);
    const [first, last] = svg.dataset.days.split(" ").map(Number);
    const pane = { svg, x0, x1, y0, y1, first, last, marks: [], axis: null, ticks: null };
    pane.up = Boolean(svg.closest(".days"));
    pane.view = svg.getAttribute("viewBox").split(" ").map(Number);
    const clip = make("clipPath", { id: `clip-${number}` });
    clip.append(make("rect", { x: x0, y: y0 - 1, width: x1 - x0, height: y1 - y0 + 2 }));
    svg.append(clip);
    for (const group of all(svg, "[data-g]")) {
      const name = group.dataset.g;
      if (name === "x-axis") pane.axis = group;
      if (["x-axis", "y-axis", "lane"].includes(name)) continue;
      let stem = null; // of an arrow, whose parts move together
      for (const node of all(group, "use, path, text")) {
        if (node.closest("defs")) continue;
        const mark = { node, group, kind: node.tagName };
        if (node.tagName === "path") mark.d = node.getAttribute("d");
        mark.x = Number(node.getAttribute("x") ?? mark.d.split(/\s+/)[1]);
        if (mark.d && name === "dose") {
          mark.kind = "sign";
          mark.x = stem ??= mark.x;
        }
        pane.marks.push(mark);
      }
    }
    for (const node of all(svg, ".spot"))
      pane.marks.push({ node, kind: "spot", x: Number(node.getAttribute("x")), wide: Number(node.getAttribute("width")) });
    pane.clip = `url(#clip-${number})`;
    return pane;
  };

  const place = (pane, mark, to, zoomed) => {
    const { node } = mark;
    const inside = (x) => x >= pane.x0 - 1 && x <= pane.x1 + 1;
    if (mark.kind === "path") {
      node.setAttribute("d", zoomed ? moved(mark.d, to) : mark.d);
      if (!mark.group.hasAttribute("clip-path") && zoomed) mark.group.setAttribute("clip-path", pane.clip);
    } else if (mark.kind === "sign") {
      const by = to(mark.x) - mark.x;
      node.setAttribute("d", zoomed ? moved(mark.d, (x) => x + by) : mark.d);
      node.toggleAttribute("hidden", zoomed && !inside(to(mark.x)));
    } else if (mark.kind === "spot") {
      const start = zoomed ? Math.max(to(mark.x + 7) - 7, pane.x0 - 7) : mark.x;
      const end = zoomed ? Math.min(to(mark.x + mark.wide - 7) + 7, pane.x1 + 7) : mark.x + mark.wide;
      node.setAttribute("x", start);
      node.setAttribute("width", Math.max(end - start, 0));
      node.toggleAttribute("hidden", end - start < 13.9);
    } else {
      node.setAttribute("x", zoomed ? to(mark.x) : mark.x);
      node.toggleAttribute("hidden", zoomed && !inside(to(mark.x)));
    }
  };

  const drawTicks = (pane, [from, to_], to) => {
    pane.ticks?.remove();
    pane.ticks = null;
    if (pane.axis) pane.axis.toggleAttribute("hidden", Boolean(state.days));
    if (!state.days || !pane.axis) return;
    const most = (pane.x1 - pane.x0) / 45;
    const step = [0.25, 0.5, 1, 2, 4, 7, 14, 28, 56, 112, 364, 1820, 3640].find((size) => (to_ - from) / size <= most) || (to_ - from) / most;
    pane.ticks = make("g", { class: "ticks" });
    const y = pane.up ? pane.y0 : pane.y1;
    for (let day = Math.ceil(from / step) * step; day <= to_; day += step) {
      const x = to(pane.x0 + ((day - pane.first) / (pane.last - pane.first)) * (pane.x1 - pane.x0));
      pane.ticks.append(make("line", { class: "tick", x1: x, x2: x, y1: y, y2: y + (pane.up ? -2 : 2) }));
      const text = make("text", { x, y: y + (pane.up ? -4.6 : 11) });
      text.textContent = String(Math.round(day * 100) / 100).replace("-", "\u2212");
      pane.ticks.append(text);
    }
    pane.svg.append(pane.ticks);
  };

  const zoom = () => {
    for (const pane of panes) {
      const [from, to_] = state.days || [pane.first, pane.last];
      const size = (pane.last - pane.first) / (to_ - from);
      const off = ((from - pane.first) / (pane.last - pane.first)) * (pane.x1 - pane.x0);
      const to = (x) => pane.x0 + (x - pane.x0 - off) * size;
      pane.from = from; pane.to = to_;
      pane.marks.forEach((mark) => place(pane, mark, to, Boolean(state.days)));
      drawTicks(pane, [from, to_], to);
    }
  };

  const limits = () => [Math.min(...panes.map((pane) => pane.first)), Math.max(...panes.map((pane) => pane.last))];

  const setDays = (from, to_) => {
    const [first, last] = limits();
    const span = Math.min(Math.max(to_ - from, 0.5), last - first);
    const start = Math.min(Math.max(from, first), last - span);
    const rounded = [start, start + span].map((day) => Math.round(day * 100) / 100);
    state.days = span >= last - first - 0.01 ? null : rounded;
    show();
  };

  // --- what is shown

  const show = () => {
    root.dataset.theme = state.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    const theme = document.querySelector(".theme select");
    if (theme) theme.value = state.theme;
    main.dataset.values = state.values;
    all(main, "[name=values]").forEach((input) => { input.checked = input.value === state.values; });
    all(main, "[name=lane]").forEach((input) => { input.checked = !state.hide.has(input.value); });
    all(main, "[data-lane]").forEach((lane) => { lane.hidden = state.hide.has(lane.dataset.lane); });
    if (panes.length) {
      const [from, to_] = state.days || limits();
      all(main, "[name=from]").forEach((input) => { input.value = state.days ? from : Math.floor(from); });
      all(main, "[name=to]").forEach((input) => { input.value = state.days ? to_ : Math.ceil(to_); });
      zoom();
    }
    remember();
  };

  const unpacked = async (number) => {
    const packed = document.querySelector(`script[data-chapter="${number}"]`).textContent;
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  };

  const turnTo = async (number) => {
    if (shownChapter === "0") firstChapter = [...main.childNodes];
    shownChapter = number;
    if (number === "0") { main.replaceChildren(...firstChapter); return; }
    main.setAttribute("aria-busy", "true");
    try {
      const markup = await unpacked(number);
      if (shownChapter === number) main.innerHTML = markup;
    } catch {
      main.textContent = "This browser cannot unpack the other patients; a newer one, or the PDF, shows them.";
    }
    main.removeAttribute("aria-busy");
  };

  const openChapter = async () => {
    const wanted = picker && picker.querySelector(`[data-patient="${CSS.escape(state.patient)}"]`);
    const number = wanted ? wanted.dataset.number : "0";
    if (picker) {
      state.patient = (wanted || picker.querySelector("[data-number='0']")).dataset.patient;
      all(picker, "tbody tr").forEach((row) => {
        if (row.dataset.number === number) row.setAttribute("aria-selected", "true");
        else row.removeAttribute("aria-selected");
      });
    }
    if (number !== shownChapter) await turnTo(number);
    panes = all(main, "svg.pane").map(prepare);
    show();
  };

  // --- the tip and the cursor

  const tell = (spot) => {
    tip.replaceChildren(...spot.getAttribute("aria-label").split("\n").map((line) => {
      const said = document.createElement("div");
      said.textContent = line;
      return said;
    }));
    tip.hidden = false;
    const at = spot.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(at.left + at.width / 2 - own.width / 2, 4), innerWidth - own.width - 4);
    const top = at.top - own.height - 6 > 0 ? at.top - own.height - 6 : at.bottom + 6;
    tip.style.left = `${left}px`;
    tip.style.top = `${Math.min(top, innerHeight - own.height - 4)}px`;
  };
  const hush = () => { tip.hidden = true; };

  const pointAt = (day) => {
    for (const pane of panes) {
      pane.line?.remove();
      pane.line = null;
      if (day === null || day < pane.from || day > pane.to || pane.up) continue;
      const x = pane.x0 + ((day - pane.from) / (pane.to - pane.from)) * (pane.x1 - pane.x0);
      pane.line = make("line", { class: "cursor", x1: x, x2: x, y1: pane.y0, y2: pane.y1 });
      pane.svg.append(pane.line);
    }
    all(main, "output").forEach((output) => { output.textContent = day === null ? "" : `Day ${day.toFixed(1).replace("-", "\u2212")}`; });
  };

  const dayOf = (pane, clientX) => {
    const box = pane.svg.getBoundingClientRect();
    const x = pane.view[0] + ((clientX - box.left) / box.width) * pane.view[2];
    const day = pane.from + ((x - pane.x0) / (pane.x1 - pane.x0)) * (pane.to - pane.from);
    return Math.min(Math.max(day, pane.from), pane.to);
  };
  const paneOf = (node) => panes.find((pane) => pane.svg === node.closest?.("svg.pane"));
  const middle = (spot) => { const box = spot.getBoundingClientRect(); return box.left + Math.min(box.width, 14) / 2; };

  let dragged = null;
  main.addEventListener("pointermove", (event) => {
    const pane = paneOf(event.target);
    pointAt(pane ? dayOf(pane, event.clientX) : null);
  });
  main.addEventListener("pointerleave", () => { pointAt(null); hush(); });
  main.addEventListener("pointerover", (event) => { if (event.target.matches?.(".spot")) tell(event.target); else if (!document.activeElement?.matches?.(".spot")) hush(); });
  main.addEventListener("pointerdown", (event) => {
    const pane = paneOf(event.target);
    dragged = pane && event.pointerType === "mouse" ? { pane, day: dayOf(pane, event.clientX), x: event.clientX } : null;
  });
  addEventListener("pointerup", (event) => {
    if (dragged && Math.abs(event.clientX - dragged.x) > 12) {
      const days = [dragged.day, dayOf(dragged.pane, event.clientX)].sort((one, other) => one - other);
      setDays(...days);
    }
    dragged = null;
  });
  main.addEventListener("dblclick", (event) => { if (paneOf(event.target)) { state.days = null; show(); } });
  main.addEventListener("focusin", (event) => {
    if (!event.target.matches(".spot")) { hush(); return; }
    tell(event.target);
    const pane = paneOf(event.target);
    if (pane) pointAt(dayOf(pane, middle(event.target)));
  });
  main.addEventListener("focusout", () => { hush(); pointAt(null); });
  addEventListener("scroll", () => {
    const spot = document.activeElement;
    if (spot?.matches?.(".spot") && !tip.hidden) tell(spot); else hush();
  }, { passive: true });

  main.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hush();
    if (!event.target.matches(".spot")) return;
    const spots = all(event.target.parentNode, ".spot:not([hidden])");
    const here = spots.indexOf(event.target);
    const there = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: spots.length - 1 }[event.key];
    if (there === undefined || !spots[there]) return;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    spots[there].setAttribute("tabindex", "0");
    spots[there].focus();
  });

  // --- controls

  main.addEventListener("change", (event) => {
    const { name, value, checked } = event.target;
    if (name === "values") state.values = value;
    if (name === "lane") { if (checked) state.hide.delete(value); else state.hide.add(value); }
    if (name === "from" || name === "to") {
      const form = event.target.closest("fieldset");
      const [from, to_] = ["from", "to"].map((key) => Number(form.querySelector(`[name=${key}]`).value));
      if (from < to_) { setDays(from, to_); return; }
    }
    show();
  });
  main.addEventListener("click", (event) => {
    const step = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (!step) return;
    const [first, last] = limits(), [from, to_] = state.days || [first, last];
    const span = to_ - from, centre = (from + to_) / 2;
    if (step === "all") setDays(first, last);
    if (step === "in") setDays(centre - span / 4, centre + span / 4);
    if (step === "out") setDays(centre - span, centre + span);
    if (step === "left") setDays(from - span / 2, to_ - span / 2);
    if (step === "right") setDays(from + span / 2, to_ + span / 2);
  });
  document.querySelector(".theme select")?.addEventListener("change", (event) => { state.theme = event.target.value; show(); });

  if (picker) {
    picker.addEventListener("click", (event) => {
      const row = event.target.closest("tbody tr"), head = event.target.closest("thead button");
      if (row && event.target.closest("button")) { state.patient = row.dataset.patient; state.days = null; openChapter(); }
      if (head) sortBy(head.closest("th"));
    });
    picker.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLocaleLowerCase();
      let left = 0;
      all(picker, "tbody tr").forEach((row) => {
        row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
        left += !row.hidden;
      });
      picker.querySelector("[role=status]").textContent = `${left} shown`;
    });
  }
  const sortBy = (head) => {
    const place_ = [...head.parentNode.children].indexOf(head);
    const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    all(head.parentNode, "th").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down > 0 ? "ascending" : "descending");
    const body = picker.querySelector("tbody");
    const key = (row) => row.children[place_].dataset.key || row.children[place_].textContent;
    const order = new Intl.Collator(undefined, { numeric: true });
    body.append(...[...body.children].sort((one, other) => down * order.compare(key(one), key(other))));
  };

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  addEventListener("hashchange", () => { recall(); openChapter(); });
  recall();
  openChapter();
})();
