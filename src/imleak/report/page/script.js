"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;

  /** An element with attributes, and text or children. Text is never markup. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /* Charts: a specification, with rows and a few settings put in, drawn anew. */

  const options = { ast: true, actions: false, renderer: "svg", tooltip: { disableDefaultStyle: true } };
  const drawn = new Map();
  let vega;

  /** Vega-Embed, which the page holds compressed; only a page that draws charts unpacks it. */
  async function unpacked() {
    const bytes = Uint8Array.from(atob(at("vega").textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const script = make("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  async function draw(element, name, rows, settle = () => {}) {
    await (vega ??= unpacked());
    const spec = structuredClone(data.specs[name]);
    spec.datasets = { rows };
    settle(spec);
    drawn.get(element)?.finalize();
    const label = element.getAttribute("aria-label");
    drawn.set(element, await vegaEmbed(element, spec, options));
    element.setAttribute("aria-label", label); // in the place of one that says nothing
    element.querySelector("svg")?.setAttribute("aria-hidden", "true"); // the tables say it better
  }

  function eachEncoding(spec, channel, change) {
    for (const layer of spec.layer) {
      const encoding = layer.encoding?.[channel] ?? spec.encoding?.[channel];
      if (encoding) change(encoding);
    }
  }

  /** The range of the vertical scale: values always, the rest as far as it does not press them flat. */
  function range(rows, core, edges, log) {
    const kept = (names) => rows.flatMap((row) => names.map((name) => row[name]))
      .filter((value) => Number.isFinite(value) && (!log || value > 0));
    const inner = kept(core);
    if (!inner.length) return null;
    let low = Math.min(...inner), high = Math.max(...inner);
    if (log) return [low, high];
    const reach = (high - low) || Math.abs(high) || 1;
    const outer = kept(edges);
    low = Math.max(Math.min(low, ...outer), low - 0.6 * reach);
    high = Math.min(Math.max(high, ...outer), high + 0.6 * reach);
    const margin = 0.05 * (high - low);
    return [low - margin, high + margin];
  }

  /** The levels as ticks of an axis; long names are set aslant. */
  function levelAxis(x, ranks) {
    const ticks = Object.fromEntries(ranks.map((rank) => [rank, data.levels[rank].tick]));
    const long = Object.values(ticks).join("").length > 30;
    x.axis = { values: ranks, grid: false, labelExpr: `${JSON.stringify(ticks)}[datum.value]`,
      labelLimit: 160, labelOverlap: false, ...(long ? { labelAngle: -30, labelAlign: "right", titlePadding: 22 } : {}) };
    x.scale.domain = [ranks[0], ranks.at(-1)];
  }

  /* Previews: tiles of sheets, drawn sample by sample. */

  /** The samples of a sheet that is an image, tile by tile. */
  async function opened(sheet) {
    if (!sheet) return null;
    const image = new Image();
    image.src = sheet.source;
    await image.decode();
    const canvas = make("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const { width, height } = sheet;
    return (number) => context.getImageData(0, number * height, width, height);
  }

  /** One tile made of another's and the plain one's samples; opaque. */
  function mixed(tile, plain, mix) {
    for (let at = 0; at < tile.data.length; at++)
      if (at % 4 < 3) tile.data[at] = mix(tile.data[at], plain.data[at]);
    return tile;
  }

  function previews() {
    const state = { image: 0, place: Number(at("level").value), view: chosen("view") };
    const words = {
      ...data.words,
      layout: "Light where neighbours in the clear part are equal, dark where they differ. Beside it the same map of the plain image.",
      difference: "How far it is from the plain image: black where nothing changed.",
    };
    const sheets = data.previews.map(({ crop, whole, maps, rebuilt, rebuilt_whole }) =>
      Promise.all([crop, whole, maps, rebuilt, rebuilt_whole].map(opened)));

    /** Which tile of the rebuilt images is of a level; -1 where there is none. */
    const rebuiltAt = ({ levels, rebuilt_levels }, view, place) =>
      view === "rebuilt" ? rebuilt_levels.indexOf(levels[place]) : -1;

    function native(preview, tile, view, place, rebuilt) {
      const { levels, tables } = preview, made = rebuiltAt(preview, view, place);
      if (made >= 0) return rebuilt(made);
      const plain = tile(0);
      const cipher = () => mixed(tile(1 + place), plain, (other, own) => other ^ own);
      if (view === "cipher") return cipher();
      if (view === "difference") return mixed(cipher(), plain, (other, own) => Math.abs(other - own));
      if (view === "plain") return plain;
      return tables ? mixed(plain, plain, (_, own) => tables[place][own]) : tile(1 + levels.length + place);
    }

    function averaged(preview, tile, view, place, rebuilt) {
      const { levels } = preview, made = rebuiltAt(preview, view, place);
      if (made >= 0) return rebuilt(made);
      if (view === "difference") return mixed(tile(1 + place), tile(0), (other, own) => Math.abs(other - own));
      const clear = 1 + levels.length + place;
      return tile({ cipher: 1 + place, clear, rebuilt: clear }[view] ?? 0);
    }

    function put(canvas, tile) {
      [canvas.width, canvas.height] = [tile.width, tile.height];
      canvas.getContext("2d").putImageData(tile, 0, 0);
    }

    /** A small tile as large and of the shape of what it is a map of, smooth. */
    function spread(canvas, tile, width, height) {
      const small = make("canvas");
      put(small, tile);
      [canvas.width, canvas.height] = [width, height];
      canvas.getContext("2d").drawImage(small, 0, 0, width, height);
    }

    function outline(canvas, { left, top, crop, of_width }) {
      const scale = canvas.width / of_width, context = canvas.getContext("2d");
      context.lineWidth = 1.5;
      context.strokeStyle = "#fff";
      context.strokeRect(left * scale, top * scale, crop.width * scale, crop.height * scale);
    }

    async function show() {
      const preview = data.previews[state.image], { view, place } = state;
      const { name, crop, whole, of_width, of_height } = preview;
      const [tile, small, map, rebuilt, rebuiltSmall] = await sheets[state.image];
      if (data.previews[state.image] !== preview || state.view !== view || state.place !== place) return;
      const rank = preview.levels[place], level = data.levels[rank], main = at("preview"), beside = at("whole");
      const label = document.querySelector(`input[name="view"][value="${view}"]`).parentElement.textContent.trim();
      const title = view === "plain" ? name : `${name}, ${level.short}`;
      const shape = of_height / of_width;
      if (view === "layout") {
        spread(main, map(1 + place), crop.width, Math.round(crop.width * shape));
        spread(beside, map(0), 180, Math.round(180 * shape));
      } else {
        put(main, native(preview, tile, view, place, rebuilt));
        if (small) {
          put(beside, averaged(preview, small, view, place, rebuiltSmall));
          outline(beside, preview);
        }
      }
      // Whole pixels of the screen for every sample, so that none is skipped or averaged.
      const room = main.parentElement.parentElement.clientWidth - 2;
      main.style.width = `${Math.max(1, Math.floor(room / crop.width)) * crop.width}px`;
      at("whole").parentElement.hidden = !small && view !== "layout";
      main.setAttribute("aria-label", `${title}: ${label}`);
      at("preview-title").textContent = title;
      const at_level = view === "plain" || level.label === level.short ? "" : `${level.label[0].toUpperCase()}${level.label.slice(1)}. `;
      const missing = view === "rebuilt" && rebuiltAt(preview, view, place) < 0;
      at("preview-words").textContent = at_level + words[missing ? "not_rebuilt" : view];
      at("whole-words").textContent = view === "layout" ? "The plain image's map."
        : `The whole image, ${of_width} × ${of_height}, averaged to be small; the outline is what stands beside it, sample by sample.`;
      at("level").setAttribute("aria-valuetext", level.label);
      at("preview-findings").replaceChildren(...(data.findings[rank] ?? []).map((line) => make("li", {}, line)));
      at("preview-figures").replaceChildren(...preview.figures.flatMap(({ name, values }) =>
        rank in values ? [make("dt", {}, name), make("dd", {}, values[rank])] : []));
      [...at("strip").children].forEach((figure, other) => {
        if (view === "layout") spread(figure.firstChild, map(1 + other), 90, Math.round(90 * shape));
        else put(figure.firstChild, small ? averaged(preview, small, view === "plain" ? "cipher" : view, other, rebuiltSmall)
          : native(preview, tile, view === "plain" ? "cipher" : view, other, rebuilt));
        figure.className = other === place ? "here" : "";
      });
      main.dataset.shown = `${state.image} ${view} ${rank}`;
    }

    data.previews.forEach((preview, which) => {
      const canvas = make("canvas", { "aria-hidden": "true" });
      const input = make("input", { type: "radio", name: "image", value: which, class: "hidden", "aria-label": preview.name });
      input.checked = which === 0;
      at("reel").append(make("label", { title: preview.name }, input, canvas));
      sheets[which].then(([tile, small]) => put(canvas, (small ?? tile)(0)));
    });
    for (const rank of data.previews[0].levels)
      at("strip").append(make("figure", {}, make("canvas"), make("span", {}, data.levels[rank].short)));
    at("reel").addEventListener("change", () => { state.image = Number(chosen("image")); show(); });
    at("views").addEventListener("change", () => { state.view = chosen("view"); show(); });
    at("level").addEventListener("input", () => { state.place = Number(at("level").value); show(); });
    [...at("strip").children].forEach((figure, place) =>
      figure.addEventListener("click", () => { at("level").value = place; state.place = place; show(); }));
    for (const link of document.querySelectorAll('a[href="#see"][data-rebuilt]'))
      link.addEventListener("click", () => {
        const place = data.previews[state.image].levels.indexOf(Number(link.dataset.rebuilt));
        if (place >= 0) at("level").value = state.place = place;
        document.querySelector('input[name="view"][value="rebuilt"]').checked = true;
        state.view = "rebuilt";
        show();
      });
    addEventListener("resize", show);
    show();
  }

  /* The charts of the answer: shares of images, and bits. */

  function answers() {
    const titles = { share: "Shares of images", bit: "Bits, at least" };
    for (const lead of ["share", "bit"]) {
      const shown = data.series.filter((series) => series.lead === lead);
      if (!shown.length) continue;
      const element = make("div", { class: "chart", role: "img", "aria-label": `${titles[lead]} against the level; the numbers are in the table below` });
      const key = make("p", { class: "key" }, ...shown.map((series) => make("span", {}, swatch(series), series.title)));
      at("answer-charts").append(make("div", {}, make("p", { class: "soft" }, titles[lead]), key, element));
      const rows = shown.flatMap(({ points, id, colour, shape, dash }) => points
        .filter(({ s }) => s > 0)
        .map((point) => ({ ...point, id, colour, shape, dash, chance: point.null_mean, ceiling: null, exact: null, null_mean: null, null_p95: null })));
      const levels = [...new Set(rows.map(({ s }) => s))].sort((a, b) => a - b);
      const domain = lead === "share" ? [-0.03, 1.03] : range(rows, ["value"], ["low", "high"], false);
      draw(element, "levels", rows, (spec) => {
        eachEncoding(spec, "x", (x) => levelAxis(x, levels));
        eachEncoding(spec, "y", (y) => { y.scale = { domain, zero: false, nice: false }; });
        spec.height = 260;
      });
    }
  }

  /* A measure against the level. */

  const SHAPES = {
    circle: "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0", square: "M-3.5,-3.5h7v7h-7z", "triangle-up": "M0,-4.5L4.5,4H-4.5z",
    diamond: "M0,-5L5,0L0,5L-5,0z", "triangle-down": "M0,4.5L4.5,-4H-4.5z", cross: "M-1.5,-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
    "triangle-right": "M4.5,0L-4,4.5V-4.5z",
  };
  const DASHES = ["none", "6 3", "2 2", "8 3 2 3"];

  function swatch({ colour, shape, dash }) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "swatch");
    svg.setAttribute("viewBox", "-14 -7 28 14");
    svg.setAttribute("aria-hidden", "true");
    for (const d of ["M-14,0H14", SHAPES[shape]]) {
      const path = document.createElementNS(svg.namespaceURI, "path");
      path.setAttribute("d", d);
      path.setAttribute("fill", d === SHAPES[shape] ? colour : "none");
      path.setAttribute("stroke", colour);
      path.setAttribute("stroke-width", "2");
      if (d !== SHAPES[shape]) path.setAttribute("stroke-dasharray", DASHES[dash]);
      svg.append(path);
    }
    return svg;
  }

  function curves() {
    const units = [...new Set(data.series.map(({ unit }) => unit))];
    const name = (unit) => unit || "no unit";
    const of_unit = (unit) => data.series.filter((series) => series.unit === unit);
    const first = units.includes("bit") ? "bit" : units[0];
    const on = new Set(units.flatMap((unit) => {
      const wanted = of_unit(unit).filter((series) => series.first);
      return (wanted.length ? wanted : of_unit(unit)).slice(0, 6).map(({ id }) => id);
    }));
    for (const unit of units) {
      const input = make("input", { type: "radio", name: "unit", value: unit });
      input.checked = unit === first;
      at("units").append(make("label", {}, input, name(unit)));
    }

    const is_share = () => chosen("as") === "share";
    const offered = () => is_share() ? data.series.filter(({ base }) => base !== null) : of_unit(chosen("unit"));

    function list() {
      const groups = Map.groupBy ? Map.groupBy(offered(), ({ group }) => group) : new Map();
      if (!Map.groupBy)
        for (const series of offered()) groups.set(series.group, [...(groups.get(series.group) ?? []), series]);
      at("measures").replaceChildren(...[...groups].map(([group, members]) => {
        const row = make("div", { class: "choices" });
        for (const series of members) {
          const input = make("input", { type: "checkbox", value: series.id });
          input.checked = on.has(series.id);
          row.append(make("label", { title: series.title_of_bound }, input, swatch(series), series.name));
        }
        return make("div", {}, make("p", { class: "soft" }, group), row);
      }));
    }

    function render() {
      const log = chosen("scale") === "log", share = is_share();
      const fields = ["value", "low", "high", "null_mean", "null_p95", "ceiling", "exact"];
      const shown = offered().filter(({ id }) => on.has(id));
      const hidden = [...(at("with-null").checked ? [] : ["null_mean", "null_p95"]), ...(at("with-ceiling").checked ? [] : ["ceiling"])];
      const rows = shown.flatMap(({ points, ...series }) => points.map((point) => {
        const row = { ...point, id: series.id, colour: series.colour, shape: series.shape, dash: series.dash };
        for (const field of fields) {
          if (share && row[field] !== null) row[field] /= series.base;
          if (hidden.includes(field) || (log && !(row[field] > 0))) row[field] = null;
        }
        if (row.exact !== null && Math.abs(row.exact - row.value) < 1e-9) row.exact = null;
        return row;
      }));
      const levels = [...new Set(data.series.flatMap(({ points }) => points.map(({ s }) => s)))].sort((a, b) => a - b);
      const domain = range(rows, ["value", "exact"], ["low", "high", "null_p95", "ceiling"], log);
      const lost = log ? shown.flatMap(({ points }) => points).filter(({ value }) => !(value > 0)).length : 0;
      at("curves-note").textContent = [
        domain ? "" : "No number to draw: choose a measure that has one on this scale.",
        lost ? `${lost} values of 0 or less have no place on a logarithmic scale.` : "",
        share ? "A measure is 1 where nothing is encrypted, whatever its unit." : "",
      ].filter(Boolean).join(" ");
      draw(at("curves-chart"), "levels", rows, (spec) => {
        eachEncoding(spec, "x", (x) => levelAxis(x, levels));
        eachEncoding(spec, "y", (y) => {
          y.title = share ? "share of its value of the plain image" : name(chosen("unit"));
          y.scale = { ...(log ? { type: "log" } : { zero: false }), nice: log, ...(domain ? { domain } : {}) };
        });
        spec.height = 360;
      });
    }

    at("curves").addEventListener("change", ({ target }) => {
      if (target.type === "checkbox" && at("measures").contains(target))
        on[target.checked ? "add" : "delete"](Number(target.value));
      else if (target.name === "unit" || target.name === "as") {
        for (const radio of document.querySelectorAll('input[name="unit"]')) radio.disabled = is_share();
        list();
      }
      render();
    });
    list();
    render();
  }

  /* Training and growth. */

  function holder(charts, title) {
    const element = make("div", { class: "chart", role: "img", "aria-label": title });
    charts.append(make("div", {}, make("p", { class: "soft" }, title), element));
    return element;
  }

  /** Rows whose last point of a line says where its label stands, none over another. */
  function labelled(rows, domain, height) {
    if (!domain) return rows;
    const apart = 12 / height * (domain[1] - domain[0]);
    const ends = rows.filter(({ last, value }) => last && value !== null).sort((a, b) => a.value - b.value);
    let free = domain[0];
    for (const end of ends) {
      end.label = Math.max(end.value, free);
      free = end.label + apart;
    }
    free = domain[1];
    for (const end of [...ends].reverse()) {
      end.label = Math.min(end.label, free);
      free = end.label - apart;
    }
    return rows;
  }

  function training() {
    for (const name of new Set(data.training.map((one) => one.name))) at("training-of").append(make("option", {}, name));

    function render() {
      const distance = chosen("training-as") === "distance";
      at("training-charts").replaceChildren();
      for (const one of data.training.filter(({ name }) => name === at("training-of").value)) {
        const levels = Object.entries(one.levels);
        const tops = one.epochs.map((_, place) => Math.max(...levels.map(([, values]) => values[place] ?? -Infinity)));
        const rows = levels.flatMap(([s, values]) => one.epochs.map((epoch, place) => {
          const value = values[place] === null ? null : distance ? tops[place] - values[place] : values[place];
          const text = value === null ? "failed" : `${value.toFixed(3)} ${one.unit}`;
          const last = place === one.epochs.length - 1;
          const { tick, label } = data.levels[s];
          return { s, epoch, value, last, tick, colour: `var(--l${s})`, tip_level: label, tip_epoch: String(epoch), tip_value: text };
        }));
        const domain = range(rows, ["value"], [], false);
        draw(holder(at("training-charts"), one.protocol), "training", labelled(rows, domain, 300), (spec) =>
          eachEncoding(spec, "y", (y) => {
            y.title = `${distance ? "distance to the maximum, " : ""}${one.unit}`;
            if (domain) y.scale = { domain, zero: false, nice: false };
          }));
      }
    }

    at("training").addEventListener("change", render);
    render();
  }

  function growth() {
    for (const one of data.growth) {
      const counts = [...new Set(one.points.map(({ images }) => images))].sort((a, b) => a - b);
      const rows = one.points.map((point) => ({ ...point, tick: data.levels[point.s].tick, colour: `var(--l${point.s})`, last: point.images === counts.at(-1) }));
      const domain = range(rows, ["value"], ["low", "high"], false);
      draw(holder(at("growth-charts"), one.title), "growth", labelled(rows, domain, 300), (spec) => {
        eachEncoding(spec, "x", (x) => { x.title = one.of; x.axis = { values: counts, format: "d", grid: false, labelOverlap: "greedy" }; });
        eachEncoding(spec, "y", (y) => { y.title = one.unit; if (domain) y.scale = { domain, zero: false, nice: false }; });
      });
    }
  }

  function key() {
    const levels = new Set([...data.training.flatMap(({ levels }) => Object.keys(levels).map(Number)), ...data.growth.flatMap(({ points }) => points.map(({ s }) => s))]);
    for (const level of [...levels].sort((a, b) => a - b)) {
      const mark = make("i");
      mark.style.background = `var(--l${level})`;
      at("level-key").append(make("span", {}, mark, data.levels[level].short));
    }
  }

  /** Tables that are wider than their place say so. */
  function markWide() {
    for (const box of document.querySelectorAll(".scroll")) box.classList.toggle("wide", box.scrollWidth > box.clientWidth + 1);
  }

  /* Copying. */

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = make("textarea", { class: "hidden" });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  for (const button of document.querySelectorAll("[data-copy]"))
    button.addEventListener("click", async () => {
      const done = await copy(at(button.dataset.copy).value);
      at("copied").textContent = done ? "Copied." : "This browser does not allow copying.";
    });

  if (data.previews.length) previews();
  if (at("answer-charts")) answers();
  const all = at("all"); // a chart in a closed box has no width
  if (data.series.length && !all) curves();
  all?.addEventListener("toggle", () => curves(), { once: true });
  markWide();
  addEventListener("resize", markWide);
  if (data.training.length) training();
  if (data.growth.length) growth();
  if (data.training.length || data.growth.length) key();
})();
