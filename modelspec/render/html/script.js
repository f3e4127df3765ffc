// What the page does beyond showing: treemaps, search, sorting, the theme. Without it everything can still be read.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (name, style, text) => {
    const made = document.createElement(name);
    if (style) made.className = style;
    if (text !== undefined) made.textContent = text;
    if (name === "button") made.type = "button";
    return made;
  };

  // The theme: as the system has it, or one of the two.
  const theme = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const dress = (name) => {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    theme.textContent = `Theme: ${name}`;
  };
  let worn = "auto";
  try {
    // A file may have no storage, and what is there may be of someone else.
    worn = localStorage.getItem("modelspec-theme") || "auto";
  } catch { /* then it is not kept */ }
  if (!themes.includes(worn)) worn = "auto";
  dress(worn);
  theme.hidden = false;
  theme.addEventListener("click", () => {
    worn = themes[(themes.indexOf(worn) + 1) % themes.length];
    dress(worn);
    try { localStorage.setItem("modelspec-theme", worn); } catch { /* not kept */ }
  });

  // Squarified treemap (Bruls, Huizing, van Wijk 2000): rectangles of these areas in a box, as square as they come.
  const lay = (areas, x, y, width, height) => {
    const total = areas.reduce((sum, area) => sum + area, 0);
    const scale = total > 0 ? (width * height) / total : 0;
    const order = areas.map((area, at) => [area * scale, at]).filter(([area]) => area > 0);
    order.sort((one, other) => other[0] - one[0] || one[1] - other[1]);
    const boxes = new Map();
    let from = 0;
    while (from < order.length) {
      const side = Math.min(width, height);
      let to = from, sum = 0, worst = Infinity;
      while (to < order.length) {
        const next = sum + order[to][0];
        const ratio = Math.max((side * side * order[from][0]) / (next * next), (next * next) / (side * side * order[to][0]));
        if (ratio > worst) break;
        worst = ratio; sum = next; to += 1;
      }
      const thick = side > 0 ? sum / side : 0;
      let along = 0;
      for (; from < to; from += 1) {
        const [area, at] = order[from];
        const long = thick > 0 ? area / thick : 0;
        boxes.set(at, width >= height ? [x, y + along, thick, long] : [x + along, y, long, thick]);
        along += long;
      }
      if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    }
    return boxes;
  };

  const metrics = { parameters: ["p", "a", "parameters"], macs: ["m", "b", "MACs"] };
  const HEAD = 20, DEEP = 8;

  class Treemap {
    constructor(figure, group) {
      this.group = group;
      this.own = figure.dataset.own;
      this.source = figure.querySelector("script");
      this.trail = make("div", "trail");
      this.field = make("div", "field");
      this.field.setAttribute("role", "group");
      figure.append(this.trail, this.field);
      figure.hidden = false;
      this.field.addEventListener("click", (event) => {
        const cell = event.target.closest("button.cell");
        if (cell) this.enter(this.shown[Number(cell.dataset.at)]);
      });
      this.field.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && this.path.length > 1) { this.climb(this.path.length - 2); event.preventDefault(); }
      });
    }

    // Nothing is read or drawn before it is looked at: a page may have hundreds of these.
    wake() {
      if (this.tree) return;
      this.tree = JSON.parse(this.source.textContent);
      this.path = [this.tree];
      new ResizeObserver(() => this.draw()).observe(this.field);
    }

    enter(node) {
      if (node.c && node.c.length) {
        this.path.push(node);
        this.draw();
        const first = this.field.querySelector("button.cell");
        if (first) first.focus();
      } else if (node.r !== undefined) {
        const row = document.getElementById(`${this.own}-l${node.r}`) || document.getElementById(`m${this.own.slice(1)}-l${node.r}`);
        if (row) visit(row);
      }
    }

    climb(depth) {
      const left = this.path[depth + 1];
      this.path.length = depth + 1;
      this.draw();
      const at = this.shown.indexOf(left);
      const cell = this.field.querySelector(`button.cell[data-at="${at}"]`) || this.field.querySelector("button.cell");
      if (cell) cell.focus();
    }

    draw() {
      const [text, area, unit] = metrics[this.group.metric];
      const top = this.path[this.path.length - 1];
      this.shown = top.c || [];
      this.trail.replaceChildren();
      this.path.forEach((node, depth) => {
        const name = depth ? node.n : "Whole model";
        if (depth) this.trail.append(make("span", "", "›"));
        if (depth < this.path.length - 1) {
          const back = make("button", "", name);
          back.addEventListener("click", () => this.climb(depth));
          this.trail.append(back);
        } else {
          this.trail.append(make("span", "", `${name}: ${node[text]} ${unit}`));
        }
      });
      this.field.setAttribute("aria-label", `Treemap of ${unit}; the tables on this page say the same`);
      const { clientWidth: width, clientHeight: height } = this.field;
      this.field.replaceChildren();
      if (!(top[area] > 0)) {
        const why = top[text] === "0" ? `No ${unit} here.` : `The ${unit} are not known before the model runs.`;
        this.field.append(make("p", "note", why));
        return;
      }
      this.fill(this.field, this.shown, [0, 0, width, height], 0);
    }

    fill(into, nodes, [x, y, width, height], depth) {
      const [text, area, unit] = metrics[this.group.metric];
      const boxes = lay(nodes.map((node) => node[area]), x, y, width, height);
      for (const [at, box] of boxes) {
        const node = nodes[at];
        const [left, top, wide, high] = box;
        if (wide < 1.5 || high < 1.5) continue;
        const leaf = !node.c || !node.c.length;
        const cell = make(depth ? "span" : "button", `cell${leaf && node.t !== undefined ? ` c${node.t}` : ""}${node.k ? " hit" : ""}`);
        cell.style.left = `${left}px`; cell.style.top = `${top}px`;
        cell.style.width = `${wide}px`; cell.style.height = `${high}px`;
        const share = this.path[this.path.length - 1][area] ? (100 * node[area]) / this.tree[area] : 0;
        const name = node.x ? `${node.n} × ${node.x}` : node.n;
        const told = `${name}${node.y ? ` (${node.y})` : ""}: ${node[text]} ${unit}, ${share.toFixed(1)} %`;
        cell.title = told;
        if (!depth) {
          cell.dataset.at = at;
          cell.setAttribute("aria-label", `${told}${leaf ? "; show in the table" : "; zoom in"}`);
        } else {
          cell.setAttribute("aria-hidden", "true");
        }
        if (wide > 34 && high > 17) {
          const tag = make("span", "tag");
          tag.append(make("b", "", name));
          if (leaf && high > 36) tag.append(document.createElement("br"), node[text]);
          else tag.append(` ${node[text]}`);
          cell.append(tag);
        }
        into.append(cell);
        if (!leaf && depth < DEEP && wide > 26 && high > 30) {
          this.fill(cell, node.c, [3, HEAD, wide - 8, high - HEAD - 5], depth + 1);
        } else if (!leaf) {
          cell.classList.add("c0");
        }
      }
    }
  }

  const visit = (row) => {
    const unfold = row.querySelector("details");
    row.hidden = false;
    if (unfold) { unfold.open = true; unfold.querySelector("summary").focus({ preventScroll: true }); }
    row.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row && row.matches("tbody")) visit(row);
  });

  const gather = (node, seen) => {
    if (node.y !== undefined) {
      const one = seen.get(node.t ? node.y : "others") || { t: node.t, a: 0, b: 0 };
      one.a += node.a; one.b += node.b;
      seen.set(node.t ? node.y : "others", one);
    }
    for (const below of node.c || []) gather(below, seen);
    return seen;
  };

  const sleepers = [];
  for (const box of all(".maps")) {
    const group = { metric: "parameters", maps: [] };
    const bench = make("div", "bench");
    const legend = make("ul", "legend");
    for (const [metric, [, , unit]] of Object.entries(metrics)) {
      const button = make("button", "", unit === "MACs" ? unit : "Parameters");
      button.setAttribute("aria-pressed", String(metric === group.metric));
      button.addEventListener("click", () => {
        group.metric = metric;
        all("button", bench).forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
        wake();
        group.maps.forEach((map) => map.draw());
        list();
      });
      bench.append(button);
    }
    box.prepend(bench);
    group.maps = all("figure.map", box).map((figure) => new Treemap(figure, group));
    const list = () => {
      const area = metrics[group.metric][1];
      const last = group.maps[group.maps.length - 1];
      const seen = [...gather(last.tree, new Map())].filter(([, one]) => one[area] > 0);
      seen.sort((one, other) => (one[1].t === 0) - (other[1].t === 0) || other[1][area] - one[1][area]);
      legend.replaceChildren(...seen.map(([kind, one]) => {
        const item = make("li");
        item.append(make("span", `dot c${one.t}`), `${kind} ${(100 * one[area]).toFixed(1)} %`);
        return item;
      }));
    };
    const wake = () => {
      if (group.maps[0].tree) return;
      group.maps.forEach((map) => map.wake());
      list();
    };
    box.append(legend);
    sleepers.push(wake);
    const watch = new IntersectionObserver((seen) => {
      if (seen.some((one) => one.isIntersecting)) { watch.disconnect(); wake(); }
    }, { rootMargin: "400px" });
    watch.observe(box);
  }
  all("details.parts").forEach((details) => { details.open = false; });

  // The table of layers: search, sorting, unfolding.
  for (const bar of all(".filter")) {
    const scroll = bar.nextElementSibling;
    const table = scroll.querySelector("table");
    const bodies = [...table.tBodies];
    let texts;
    const input = bar.querySelector("input");
    const output = bar.querySelector("output");
    const search = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      texts ??= bodies.map((body) => {
        const [name, kind] = body.rows[0].cells;
        return `${name.textContent} ${kind.textContent}`.toLowerCase();
      });
      bodies.forEach((body, at) => {
        const hit = words.every((word) => texts[at].includes(word));
        body.hidden = !hit;
        found += hit ? 1 : 0;
      });
      output.textContent = words.length ? `${found.toLocaleString("en")} of ${bodies.length.toLocaleString("en")} rows` : "";
    };
    input.addEventListener("input", search);
    const unfold = bar.querySelector(".unfold");
    unfold.addEventListener("click", () => {
      const open = unfold.getAttribute("aria-pressed") !== "true";
      unfold.setAttribute("aria-pressed", String(open));
      unfold.textContent = open ? "Fold all" : "Unfold all";
      bodies.forEach((body) => {
        const details = body.querySelector("details");
        if (details && !body.hidden) details.open = open;
      });
    });
    all("th[data-sort]", table).forEach((head) => {
      const button = make("button", "", head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "descending";
        all("th[data-sort]", table).forEach((one) => one.removeAttribute("aria-sort"));
        let order = bodies;
        if (!down) {
          head.setAttribute("aria-sort", "descending");
          // Numbers of any size, told apart exactly; what is not known stands last.
          const key = new Map(bodies.map((body) => {
            const text = body.rows[0].cells[head.cellIndex].textContent.replaceAll(",", "");
            return [body, /^\d+$/.test(text) ? BigInt(text) : -1n];
          }));
          order = [...bodies].sort((one, other) => (key.get(one) < key.get(other) ? 1 : key.get(one) > key.get(other) ? -1 : 0));
        }
        table.append(...order);
      });
    });
    bar.hidden = false;
  }

  // On paper everything is unfolded.
  addEventListener("beforeprint", () => {
    sleepers.forEach((wake) => wake());
    all("details.fold:not([open])").forEach((details) => {
      details.open = true;
      details.dataset.printed = "";
    });
  });
  addEventListener("afterprint", () => all("details[data-printed]").forEach((details) => {
    details.open = false;
    delete details.dataset.printed;
  }));
})();
