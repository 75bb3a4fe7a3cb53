"use strict";
// What there is to draw, where on each axis, and how it is written there.

const PALE = "#e4e4e4", BLACK = "#000000";
// Beyond the ends of an axis: how far above it failed trainings lie, and below it what has no value.
const BAND = 0.09;
const page = JSON.parse(document.getElementById("data").textContent);
const axes = page.axes, { failed: GREY, pointed: POINTED, range: RANGE } = page.marks;
const axisNamed = (name) => axes.findIndex((axis) => axis.name === name);
const BUDGET = axisNamed("budget");
const state = { colour: "error", across: null, ranges: new Map(), large: null, at: null, pinned: false };
const $ = (selector) => document.querySelector(selector);
const element = (name, text = "", attributes = {}) =>
  Object.assign(document.createElement(name), { textContent: text }, attributes);
const budgetName = (value) => axes[BUDGET].names[axes[BUDGET].values.indexOf(value)] ?? plain(value);
const titled = (axis) => axis.name + (axis.percent ? " (%)" : axis.unit ? ` (${axis.unit})` : "");
let study, rows, shown, chosen, below, error;

function plain(value) {
  if (typeof value !== "number") return String(value);
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  return Number.isInteger(value) ? value.toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}

function named(axis, value) {
  if (axis === axes[BUDGET]) return budgetName(value);
  return axis.percent ? `${plain(100 * value)} %` : plain(value);
}

// Place of a value on its axis: 0 at the lower, 1 at the upper end; beyond them where there is none.
function place(axis, value) {
  if (value === null) return axis.loss ? 1 + BAND : -BAND;
  if (axis.kind === "list") {
    return axis.values.length > 1 ? axis.values.indexOf(value) / (axis.values.length - 1) : 0.5;
  }
  const scale = axis.kind === "log" ? Math.log : (number) => number;
  return (scale(value) - scale(axis.low)) / (scale(axis.high) - scale(axis.low));
}

// What is written where an axis has no value for some: losses, where all of these failed.
function missing(index) {
  const without = rows.filter((row) => row.values[index] === null);
  if (!without.length) return "";
  if (axes[index].loss && without.every((row) => row.failed)) return "failed";
  return page.searched.includes(axes[index].name) ? "inactive" : "none";
}

// Values to be written along an axis, at most as many, round ones where there is no list of them.
function ticks(axis, most) {
  if (axis.kind === "list") {
    const step = Math.ceil(axis.values.length / Math.max(most, 2));
    return axis.values.filter((_, index) => index % step === 0);
  }
  const factor = axis.percent ? 100 : 1, low = axis.low * factor, high = axis.high * factor;
  let found = [];
  if (axis.kind === "log") {
    for (const digits of [[1, 2, 3, 5], [1, 2, 5], [1, 3], [1]]) {
      found = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
        found.push(...digits.map((digit) => Number(`${digit}e${power}`)));
      }
      found = found.filter((value) => value >= low * 0.9999 && value <= high * 1.0001);
      if (found.length <= most) break;
    }
    if (found.length < 3) found = [...new Set([low, ...found, high])].sort((one, other) => one - other);
    while (found.length > most) found = found.filter((_, index) => index % 2 === 0);
  } else {
    const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= rough);
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
  }
  if (axis.kind === "linear" && !axis.percent) {
    // The ends of a range are written too, instead of what is close to them.
    const near = (high - low) / most / 2;
    found = [low, ...found.filter((value) => value - low > near && high - value > near), high];
  }
  if (axis.whole) found = found.filter(Number.isInteger);
  return found.map((value) => value / factor);
}

function tick(axis, value) {
  if (axis === axes[BUDGET]) return axis.brief[axis.values.indexOf(value)];
  if (axis.percent) return plain(Number((100 * value).toPrecision(12)));
  return value >= 1e4 && value < 1e6 ? `${plain(value / 1000)} k` : plain(value);
}

function sized(canvas, width, height) {
  const sharp = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round(height * sharp);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  pen.font = '11px system-ui, "DejaVu Sans", sans-serif';
  return pen;
}
