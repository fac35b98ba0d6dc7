// Lines, bars and points as SVG. The same numbers stand below as a table, for whoever cannot see them.

import { axis } from "./axis.js";
import { el, svg } from "./dom.js";
import { isNumber, short } from "./numbers.js";
import { table } from "./table.js";

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 16;
const TOP = 16;
const BOTTOM = 48;
const COLOURS = 6;

// A plot as the server gives it; x's values may be words, and a series' values null.
export function plot({ x, y, style, series }, title) {
  const named = style === "bar" || !x.values.every(isNumber);
  const at = named ? x.values.map((_, i) => i) : x.values;
  const heights = series.flatMap((one) => one.values).filter(isNumber);
  if (!heights.length) return el("p", { class: "hint" }, "There is nothing to draw.");
  const [low, high] = extent(style === "bar" ? [0, ...heights] : heights);
  const across = named ? { low: -0.5, high: at.length - 0.5, ticks: some(at) } : axis(...extent(at), 6);
  const up = axis(low, high);
  const place = {
    x: (value) => LEFT + ((value - across.low) / (across.high - across.low)) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - ((value - up.low) / (up.high - up.low)) * (HEIGHT - TOP - BOTTOM),
  };
  const draw = { line: lines, bar: bars, points }[style] ?? lines;
  const name = title || `${y.label || "Values"} by ${x.label || "position"}`;
  const drawn = svg(
    "svg",
    { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": name },
    frame(across, up, place, named ? x.values : null),
    words(x.label, y.label),
    series.map((one, i) => svg("g", { class: `s${i % COLOURS}` }, draw(one.values, at, place, i, series.length, up))),
  );
  return el("div", { class: "stack" }, drawn, legend(series), numbers(x, series));
}

function extent(values) {
  // Not Math.min(...values): a hundred thousand arguments are too many for it.
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

// Names of bars stay readable: where there are many, only every so many has one.
function some(at) {
  const each = Math.ceil(at.length / 12);
  return at.filter((i) => i % each === 0);
}

function frame(across, up, place, names) {
  const base = HEIGHT - BOTTOM;
  const grid = up.ticks.map((tick) => {
    const y = place.y(tick);
    const line = svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y });
    return [line, text(short(tick), LEFT - 8, y + 4, "end")];
  });
  const below = across.ticks.map((tick) => {
    return text(names ? clipped(String(names[tick])) : short(tick), place.x(tick), base + 18, "middle");
  });
  return svg("g", {}, grid.flat(), svg("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: base, y2: base }), below);
}

function words(xLabel, yLabel) {
  const made = [];
  if (xLabel) made.push(text(xLabel, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle"));
  if (yLabel) {
    const middle = (TOP + HEIGHT - BOTTOM) / 2;
    const turned = text(yLabel, 14, middle, "middle");
    turned.setAttribute("transform", `rotate(-90 14 ${middle})`);
    made.push(turned);
  }
  return made;
}

function text(content, x, y, anchor) {
  return svg("text", { x, y, "text-anchor": anchor }, content);
}

const clipped = (name) => (name.length > 10 ? `${name.slice(0, 9)}…` : name);

// A gap where a number is missing: a line through it would claim one.
function lines(y, at, place) {
  let path = "";
  let pen = "M";
  y.forEach((value, i) => {
    if (!isNumber(value)) {
      pen = "M";
      return;
    }
    path += `${pen}${place.x(at[i]).toFixed(1)} ${place.y(value).toFixed(1)}`;
    pen = "L";
  });
  return [svg("path", { class: "line", d: path })];
}

function bars(y, at, place, index, count, up) {
  const room = (place.x(1) - place.x(0)) * 0.72;
  const width = room / count;
  const base = place.y(Math.max(0, up.low));
  return y.flatMap((value, i) => {
    if (!isNumber(value)) return [];
    const top = place.y(value);
    const x = place.x(at[i]) - room / 2 + index * width;
    const box = { x, y: Math.min(top, base), width: Math.max(1, width - 1), height: Math.abs(base - top) };
    return [svg("rect", { class: "mark", ...box })];
  });
}

function points(y, at, place) {
  return y.flatMap((value, i) => {
    if (!isNumber(value)) return [];
    return [svg("circle", { class: "mark", cx: place.x(at[i]), cy: place.y(value), r: 3.5 })];
  });
}

function legend(series) {
  if (series.length < 2) return null;
  return el("ul", { class: "legend" }, series.map((one, i) => el("li", { class: `s${i % COLOURS}` }, one.name)));
}

function numbers(x, series) {
  const columns = [x.label || "x", ...series.map((one) => one.name || "y")];
  const rows = x.values.map((value, i) => [value, ...series.map((one) => one.values[i] ?? null)]);
  return el("details", {}, el("summary", {}, "Show as numbers"), table(columns, rows));
}
